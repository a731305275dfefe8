import { describe, expect, it } from "vitest";
import { checkStep, checkSteps, isCorrect } from "#train/problems/check.js";
import { type Problem, generateProblem } from "#train/problems/generate.js";

/** 9 apples, 4 bags of 6 more, 5 lost: 4*6=24, 9+24=33, 33-5=28. */
const PROBLEM: Pick<Problem, "equations" | "answer"> = {
  answer: "28",
  equations: [
    { left: 4, operator: "*", right: 6, result: 24 },
    { left: 9, operator: "+", right: 24, result: 33, leftFrom: 0, rightFrom: 0 },
    { left: 33, operator: "-", right: 5, result: 28, leftFrom: 1 },
  ],
};

describe("checkSteps()", () => {
  it("accepts every gold solution", () => {
    for (let i = 0; i < 2000; i++) {
      const problem = generateProblem({}, "train", 21, i);
      expect(checkSteps(problem, problem.steps)).not.toContain(false);
    }
  });

  it("accepts sums and products either way round, but not differences", () => {
    expect(checkSteps(PROBLEM, ["6*4=24", "24+9=33", "33-5=28", "#### 28"])).not.toContain(false);
    expect(checkSteps(PROBLEM, ["4*6=24", "9+24=33", "5-33=28"])).toEqual([true, true, false]);
  });

  it("accepts a product worked out early", () => {
    const problem = {
      answer: "25",
      equations: [
        { left: 9, operator: "+", right: 4, result: 13 },
        { left: 3, operator: "*", right: 4, result: 12 },
        { left: 13, operator: "+", right: 12, result: 25, leftFrom: 0, rightFrom: 1 },
      ],
    } as const;
    expect(checkSteps(problem, ["3*4=12", "9+4=13", "13+12=25", "#### 25"])).not.toContain(false);
    expect(checkStep(problem, ["3*4=12"], "13+12=25")).toBe(false);
  });

  it("rejects wrong results, repeated lines, early answers and everything after the first wrong line", () => {
    expect(checkSteps(PROBLEM, ["4*6=25", "9+24=33"])).toEqual([false, false]);
    expect(checkSteps(PROBLEM, ["4*6=24", "4*6=24"])).toEqual([true, false]);
    expect(checkSteps(PROBLEM, ["4*6=24", "#### 28"])).toEqual([true, false]);
    expect(checkSteps(PROBLEM, ["4*6=24", "9+24=33", "33-5=28", "#### 27"])).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(checkSteps(PROBLEM, ["4*6=24", "9+24=33", "33-5=28", "#### 28", "28-0=28"]).at(-1)).toBe(false);
  });

  it("rejects lines that are not in the solution's format", () => {
    for (const line of ["", "4 * 6 = 24", "4*6=024", "4x6=24", " 4*6=24", "so 4*6=24"])
      expect(checkStep(PROBLEM, [], line), line).toBe(false);
  });
});

describe("isCorrect()", () => {
  it("reads the last line alone", () => {
    expect(isCorrect(PROBLEM, "1+1=3\n#### 28")).toBe(true);
    expect(isCorrect(PROBLEM, "1+1=3\n#### 28\n")).toBe(true);
    expect(isCorrect(PROBLEM, "#### 28\n#### 2")).toBe(false);
    expect(isCorrect(PROBLEM, "#### 280")).toBe(false);
    expect(isCorrect(PROBLEM, "33-5=28")).toBe(false);
    expect(isCorrect(PROBLEM, "")).toBe(false);
  });
});

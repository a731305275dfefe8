import { describe, expect, it } from "vitest";
import { canonicalText } from "#train/problems/chain.js";
import {
  type Problem,
  type Split,
  generateProblem,
  generateProblems,
  splitOf,
} from "#train/problems/generate.js";
import { LEVELS } from "#train/problems/levels.js";

const SPLITS: readonly Split[] = ["train", "validation", "test"];

const take = (count: number, split: Split, seed: number, spec = {}): Problem[] =>
  Array.from({ length: count }, (_, index) => generateProblem(spec, split, seed, index));

describe("generateProblem()", () => {
  it("gives the same problem for the same arguments and another for every other one", () => {
    const problem = generateProblem({ level: 4 }, "train", 7, 3);
    expect(generateProblem({ level: 4 }, "train", 7, 3)).toEqual(problem);
    const others = [
      generateProblem({ level: 4 }, "train", 7, 4),
      generateProblem({ level: 4 }, "train", 8, 3),
      generateProblem({ level: 4 }, "validation", 7, 3),
    ];
    expect(new Set([problem, ...others].map((each) => each.problem)).size).toBe(4);
  });

  it("is stable across releases: training and its evaluation are made at different times", () => {
    expect(generateProblem({ level: 2 }, "test", 7, 0)).toMatchObject({
      id: "test-7-l2-0",
      problem:
        "Ben starts with 14 apples. Raj has 3 times as many apples as Ben. Raj splits them into 6 equal bags and keeps one. How many apples does Raj have?",
      solution: "14*3=42\n42/6=7\n#### 7",
      answer: "7",
    });
  });

  it("never has the arithmetic of one split in another", () => {
    const owners = new Map<string, Split>();
    for (const split of SPLITS)
      for (const seed of [1, 2])
        for (const { equations } of take(3500, split, seed)) {
          const text = canonicalText(equations);
          expect(owners.get(text) ?? split).toBe(split);
          owners.set(text, split);
        }
  });

  it("takes sums and products as the same arithmetic whichever way round", () => {
    const split = splitOf([{ left: 12, operator: "+", right: 7, result: 19 }]);
    expect(splitOf([{ left: 7, operator: "+", right: 12, result: 19 }])).toBe(split);
    expect(canonicalText([{ left: 9, operator: "-", right: 7, result: 2 }])).toBe("9-7");
  });

  it.each(LEVELS)("keeps level $level within its row of the table", (row) => {
    for (const problem of take(500, "train", 11, { level: row.level })) {
      expect(problem.level).toBe(row.level);
      expect(problem.equations).toHaveLength(row.operations);
      expect(problem.steps).toHaveLength(row.operations + 1);
      expect(problem.steps.at(-1)).toBe(`#### ${problem.answer}`);
      expect(problem.solution).toBe(problem.steps.join("\n"));
      for (const { result } of problem.equations) {
        expect(Number.isInteger(result) && result >= 1 && result <= row.maxResult).toBe(true);
      }
    }
  });

  it("states exact arithmetic in which every reused number is an earlier result", () => {
    for (const { equations } of take(500, "train", 12))
      for (const { left, operator, right, result, leftFrom, rightFrom } of equations) {
        const exact = { "+": left + right, "-": left - right, "*": left * right, "/": left / right };
        expect(result).toBe(exact[operator]);
        if (leftFrom !== undefined) expect(left).toBe(equations[leftFrom]!.result);
        if (rightFrom !== undefined) expect(right).toBe(equations[rightFrom]!.result);
      }
  });

  it("tells short ASCII stories that mention every number that is needed", () => {
    for (const { problem, equations } of take(1000, "train", 13)) {
      expect(problem).toMatch(/^[A-Z][ -~]*[?.]$/);
      expect(problem).not.toMatch(/[{}]|undefined/);
      expect(problem.split(" ").length).toBeLessThanOrEqual(60);
      const given = equations.flatMap((each) => [
        ...(each.leftFrom === undefined ? [each.left] : []),
        ...(each.rightFrom === undefined ? [each.right] : []),
      ]);
      for (const number of given) {
        const told = new RegExp(`\\b${number}\\b`).test(problem) || number < 4;
        expect(told, `${number} in: ${problem}`).toBe(true);
      }
    }
  });

  it("draws levels by the mixture", () => {
    const levels = take(2000, "train", 14, { mixture: [0, 3, 0, 1] }).map(({ level }) => level);
    expect(new Set(levels)).toEqual(new Set([2, 4]));
    expect(levels.filter((level) => level === 2).length / 2000).toBeCloseTo(0.75, 1);
  });

  it("refuses levels and mixtures that do not exist", () => {
    expect(() => generateProblem({ level: 7 }, "train", 1, 0)).toThrow(
      "level must be one of 1, 2, 3, 4, 5, 6, got 7",
    );
    expect(() => generateProblem({ mixture: [0, 0] }, "train", 1, 0)).toThrow(
      "mixture must have weights >= 0",
    );
    expect(() => generateProblem({ mixture: [1, -1] }, "train", 1, 0)).toThrow(
      "mixture must have weights >= 0",
    );
  });
});

describe("generateProblems()", () => {
  it("streams what generateProblem() gives one by one", () => {
    const stream = generateProblems({ level: 3 }, "validation", 5);
    for (const problem of take(5, "validation", 5, { level: 3 }))
      expect(stream.next().value).toEqual(problem);
  });
});

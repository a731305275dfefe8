import { describe, expect, it } from "vitest";
import { checkSteps, isCorrect } from "#train/problems/check.js";
import { corruptSolution } from "#train/problems/corrupt.js";
import { generateProblem } from "#train/problems/generate.js";
import { SLIPS } from "#train/problems/slips.js";

const cases = Array.from({ length: 2000 }, (_, i) => {
  const problem = generateProblem({}, "train", 31, i);
  return { problem, corruption: corruptSolution(problem, 5) };
});

describe("corruptSolution()", () => {
  it("always ends in a wrong answer and says from where on it is wrong", () => {
    for (const { problem, corruption } of cases) {
      expect(isCorrect(problem, corruption.text)).toBe(false);
      expect(corruption.steps.join("\n")).toBe(corruption.text);
      expect(corruption.labels).toEqual(checkSteps(problem, corruption.steps));
      expect(corruption.labels.at(-1)).toBe(false);
      const first = corruption.labels.indexOf(false);
      expect(corruption.labels.slice(first)).not.toContain(true);
    }
  });

  it("goes on consistently: only the slip itself is wrong arithmetic, and the answer is the last result", () => {
    for (const { corruption } of cases) {
      const lines = corruption.steps.slice(0, -1).map((step) => /^(\d+)([-+*/])(\d+)=(\d+)$/.exec(step)!);
      const wrong = lines.filter(([, left, operator, right, result]) => {
        const [a, b] = [Number(left), Number(right)];
        const values: Record<string, number> = { "+": a + b, "-": a - b, "*": a * b, "/": Math.floor(a / b) };
        return values[operator!] !== Number(result);
      });
      expect(wrong.length).toBeLessThanOrEqual(1);
      if (corruption.slip === "operation" || corruption.slip === "operand") expect(wrong).toHaveLength(0);
      if (corruption.slip !== "skip") expect(corruption.steps.at(-1)).toBe(`#### ${lines.at(-1)![4]}`);
    }
  });

  it("makes every kind of slip, at every place of a long solution", () => {
    expect(new Set(cases.map(({ corruption }) => corruption.slip))).toEqual(new Set(SLIPS));
    const long = cases.filter(({ problem }) => problem.level === 6);
    const places = new Set(long.map(({ corruption }) => corruption.labels.indexOf(false)));
    expect(places).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });

  it("depends on the seed and on nothing else", () => {
    const { problem, corruption } = cases[7]!;
    expect(corruptSolution(problem, 5)).toEqual(corruption);
    const texts = Array.from({ length: 20 }, (_, seed) => corruptSolution(problem, seed).text);
    expect(new Set(texts).size).toBeGreaterThan(5);
  });
});

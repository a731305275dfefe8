import { describe, expect, it } from "vitest";
import { type Author, AUTHORS, authoredSolution } from "#train/problems/authors.js";
import { checkSteps, isCorrect } from "#train/problems/check.js";
import { generateProblem } from "#train/problems/generate.js";

const cases = Array.from({ length: 3000 }, (_, i) => {
  const problem = generateProblem({}, "train", 17, i);
  return { problem, solution: authoredSolution(problem, 5) };
});
const by = (author: Author) => cases.filter(({ solution }) => solution.author === author);

describe("authoredSolution()", () => {
  it("is the same for the same problem and seed, and not for another seed", () => {
    const again = cases.map(({ problem }) => authoredSolution(problem, 5));
    expect(again).toEqual(cases.map(({ solution }) => solution));
    const others = cases.map(({ problem }) => authoredSolution(problem, 6));
    expect(others).not.toEqual(again);
  });

  it("has its authors in their shares", () => {
    const shares = AUTHORS.map((author) => by(author).length / cases.length);
    expect(shares).toBeAllclose([0.45, 0.3, 0.25], { atol: 0.03 });
  });

  it("ends in an answer whoever writes, with results that the policy can write", () => {
    for (const { solution } of cases) {
      expect(solution.steps.at(-1)).toMatch(/^#### \d{1,3}$/);
      for (const line of solution.steps.slice(0, -1)) expect(line).toMatch(/^\d+[-+*/]\d+=\d{1,3}$/);
    }
  });

  it("is exact by the careful author, right but short by the hasty one, mostly wrong by the careless one", () => {
    for (const { problem, solution } of by("careful"))
      expect(checkSteps(problem, solution.steps).every(Boolean)).toBe(true);
    const lines = { written: 0, gold: 0 };
    for (const { problem, solution } of by("hasty")) {
      expect(isCorrect(problem, solution.steps.join("\n"))).toBe(true);
      lines.written += solution.steps.length - 1;
      lines.gold += problem.steps.length - 1;
    }
    expect(lines.written / lines.gold).toBeCloseTo(0.4, 1);
    const careless = by("careless");
    const right = careless.filter(({ problem, solution }) => isCorrect(problem, solution.steps.join("\n")));
    expect(right.length / careless.length).toBeLessThan(0.35);
    expect(right.length).toBeGreaterThan(0);
  });
});

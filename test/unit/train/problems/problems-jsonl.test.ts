import { describe, expect, it } from "vitest";
import { generateProblem } from "#train/problems/generate.js";
import { problemsJsonl } from "#train/problems/problems-jsonl.js";

const lines = (request: Parameters<typeof problemsJsonl>[0]) =>
  [...problemsJsonl(request)].map((line): Record<string, unknown> => JSON.parse(line));

describe("problemsJsonl()", () => {
  it("prints test problems, the levels in turn", () => {
    const rows = lines({ count: 7, levels: [1, 4, 6], seed: 7 });
    expect(rows.map((row) => row["level"])).toEqual([1, 4, 6, 1, 4, 6, 1]);
    const { id, problem, answer, level } = generateProblem({ level: 4 }, "test", 7, 1);
    expect(rows[4]).toEqual({ id, problem, answer, level });
    expect(new Set(rows.map((row) => row["id"])).size).toBe(7);
  });

  it("refuses counts, seeds and levels that make no sense", () => {
    expect(() => lines({ count: 0, levels: [1], seed: 7 })).toThrow("count must be an integer >= 1, got 0");
    expect(() => lines({ count: 1, levels: [], seed: 7 })).toThrow("levels must name at least one level");
    expect(() => lines({ count: 1, levels: [1, 9], seed: 7 })).toThrow("got 9");
    expect(() => lines({ count: 1, levels: [1], seed: Number.NaN })).toThrow(
      "seed must be an integer, got NaN",
    );
  });
});

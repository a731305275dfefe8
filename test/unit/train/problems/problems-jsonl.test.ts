import { describe, expect, it } from "vitest";
import { EASY_KINDS } from "#train/problems/easy.js";
import { generateProblem } from "#train/problems/generate.js";
import { problemsJsonl } from "#train/problems/problems-jsonl.js";

type Request = Parameters<typeof problemsJsonl>[0];
const read = (request: Request) =>
  [...problemsJsonl(request)].map((line): Record<string, unknown> => JSON.parse(line));
const lines = ({ count, levels, seed }: { count: number; levels: number[]; seed: number }) =>
  read({ count, family: { name: "stories", levels }, split: "test", seed });
const easy = (count: number, split: Request["split"], kinds: readonly string[] = EASY_KINDS) =>
  read({ count, family: { name: "easy", kinds }, split, seed: 7 });

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

  it("prints easy questions whose answers are right, none twice, none of another split", () => {
    const [train, test] = [easy(200, "train"), easy(150, "test")];
    const texts = [...train, ...test].map((row) => row["problem"]);
    expect(new Set(texts).size).toBe(350);
    for (const { problem, answer } of [...train, ...test]) {
      const question = String(problem).split("Question: ").at(-1)!;
      const [a, b] = (question.match(/\d+/g) ?? []).map(Number);
      expect(answer).toBe(String(question.includes("times") ? a! * b! : a! + b!));
      expect(question).toMatch(/\?\nWork:$/);
    }
  });

  it("ends when a kind has no more, and refuses kinds that there are not", () => {
    expect(() => easy(5000, "validation", ["sum"])).toThrow("there are no more such problems");
    expect(() => easy(1, "test", ["riddle"])).toThrow("got riddle");
    expect(() => easy(1, "test", [])).toThrow("got none");
  });
});

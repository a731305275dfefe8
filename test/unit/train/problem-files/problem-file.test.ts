import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hashProblems, parseProblems, readProblemFile } from "#train/problem-files/problem-file.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const line = (fields: object): string => JSON.stringify(fields);
const good = line({ id: "a", problem: "1 + 1?", answer: "2" });

describe("a problem file is refused, with the line that is wrong:", () => {
  const cases: readonly (readonly [name: string, content: string, message: RegExp])[] = [
    ["no JSON", `${good}\n{"id":`, /p\.jsonl, line 2, must be a JSON object, got "\{\\"id\\":"/],
    ["no object", "12", /line 1, must have a valid object/],
    ["a missing field", line({ id: "a", answer: "2" }), /line 1, must have a valid problem/],
    ["an empty problem", line({ id: "a", problem: " ", answer: "2" }), /a valid problem: must not be empty/],
    ["a level that is a word", line({ id: "a", problem: "p", answer: "2", level: "hard" }), /a valid level/],
    ["an id given twice", `${good}\n\n${good}`, /line 3, must have an id of its own, got "a" as line 1 has/],
    ["an answer of which nothing is left", line({ id: "a", problem: "p", answer: "$." }), /can be compared/],
    ["a problem too long", line({ id: "a", problem: "x".repeat(65_537), answer: "2" }), /got 65537/],
    ["nothing", "\n \n", /must hold at least one problem, got none/],
  ];
  test.each(cases)("%s", (_, content, message) => {
    expect(() => parseProblems(content, "p.jsonl")).toThrow(message);
    expect(() => parseProblems(content, "p.jsonl")).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  });

  test("no file", async () => {
    await expect(readProblemFile("/nowhere.jsonl")).rejects.toThrow(/\/nowhere\.jsonl must be a file/);
  });
});

test("reads our own lines, levels included, and numbers as text", async () => {
  const path = join(await temporaryDirectory(), "p.jsonl");
  await writeFile(path, `${good}\r\n${line({ id: 7, problem: "2 * 3?", answer: 6, level: 2 })}\n`);
  expect(await readProblemFile(path)).toEqual([
    { id: "a", problem: "1 + 1?", answer: "2" },
    { id: "7", problem: "2 * 3?", answer: "6", level: 2 },
  ]);
});

test("reads GSM8K's lines: the answer is what stands behind ####, the id the line's number", () => {
  const gsm8k = line({
    question: "Natalia sold clips?",
    answer: "48/2 = <<48/2=24>>24\n48+24 = 72\n#### 72",
  });
  expect(parseProblems(`${gsm8k}\n`, "p")).toEqual([
    { id: "line-1", problem: "Natalia sold clips?", answer: "72" },
  ]);
});

test("the hash changes with anything that a result depends on, and with nothing else", () => {
  const [problem] = parseProblems(good, "p");
  const hash = hashProblems([problem!]);
  expect(hashProblems(parseProblems(`\n${good}\n`, "q"))).toBe(hash);
  for (const change of [{ id: "b" }, { problem: "p" }, { answer: "3" }, { level: 1 }])
    expect(hashProblems([{ ...problem!, ...change }])).not.toBe(hash);
});

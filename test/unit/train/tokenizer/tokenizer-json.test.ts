import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { generateProblem } from "#train/problems/generate.js";
import { promptText, trainProblemTokenizer, writeTokenizer } from "#train/tokenizer/tokenizer-json.js";

const directory = mkdtempSync(join(tmpdir(), "tokenizer-"));
afterAll(() => rmSync(directory, { recursive: true }));
writeTokenizer(directory);
const read = (name: string) => JSON.parse(readFileSync(join(directory, name), "utf8"));
const json: { model: { vocab: Record<string, number> } } = read("tokenizer.json");
const config: { chat_template: string } = read("tokenizer_config.json");
const tokenizer = new Tokenizer(json, config);

describe("the shipped models' tokenizer", () => {
  it("has 512 tokens, the end of text first", () => {
    const ids = Object.values(json.model.vocab).toSorted((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: 512 }, (_, id) => id));
    expect(tokenizer.token_to_id("<|end|>")).toBe(0);
    expect(tokenizer.token_to_id("<|pad|>")).toBe(1);
    expect(tokenizer.encode("12<|end|>").ids.at(-1)).toBe(0);
  });

  it("is the same on every run", () => {
    const again = mkdtempSync(join(tmpdir(), "tokenizer-"));
    writeTokenizer(again, trainProblemTokenizer());
    for (const name of ["tokenizer.json", "tokenizer_config.json"])
      expect(readFileSync(join(again, name), "utf8")).toBe(readFileSync(join(directory, name), "utf8"));
    rmSync(again, { recursive: true });
  });

  it("gives back any text of at least one character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("gives digits, operators and line ends a token each", () => {
    const lines = "12+7=19\n57-9=48\n48/6=8\n8*7=56\n#### 56";
    const tokens = tokenizer.tokenize(lines).join(" ");
    const expected = "1 2 + 7 = 1 9 N 5 7 - 9 = 4 8 N 4 8 / 6 = 8 N 8 * 7 = 5 6 N #### _ 5 6";
    expect(tokens).toBe(expected.replaceAll("N", "\u010a").replaceAll("_", "\u0120"));
  });

  it("cuts a prompt and its solution at the same place alone and together", () => {
    for (let i = 0; i < 300; i++) {
      const problem = generateProblem({}, "test", 41, i);
      const together = tokenizer.encode(promptText(problem) + problem.solution).ids;
      const apart = [promptText(problem), problem.solution].flatMap((text) => tokenizer.encode(text).ids);
      expect(together).toEqual(apart);
    }
  });

  it("keeps the longest problems under 110 tokens of prompt and 70 of solution", () => {
    for (let i = 0; i < 1000; i++) {
      const problem = generateProblem({ level: 6 }, "test", 42, i);
      expect(tokenizer.encode(promptText(problem)).ids.length).toBeLessThan(110);
      expect(tokenizer.encode(problem.solution).ids.length).toBeLessThan(70);
    }
  });

  it.each([true, false])(
    "renders a chat as the last problem and a newline (generation prompt %s)",
    (prompt) => {
      const template = new Template(config.chat_template);
      const messages = [
        { role: "system", content: "Be brief." },
        { role: "user", content: "One?" },
        { role: "assistant", content: "#### 1" },
        { role: "user", content: "Two {{ x }}?" },
      ];
      expect(template.render({ messages, add_generation_prompt: prompt })).toBe("Two {{ x }}?\n");
      expect(template.render({ messages: messages.slice(1, 2) })).toBe(promptText({ problem: "One?" }));
    },
  );
});

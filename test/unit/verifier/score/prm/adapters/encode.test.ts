import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { createTextEncoder } from "#verifier/score/prm/adapters/encode.js";
import { pairScore } from "#verifier/score/prm/adapters/token-pair.js";
import { writePublishedPrm } from "../../../../../fakes/prm-directories.js";
import { temporaryDirectory } from "../../../../../fakes/temporary-directory.js";

let byteLevel: Tokenizer;
let sentencePiece: Tokenizer;
beforeAll(async () => {
  const parent = await temporaryDirectory();
  const llama = await writePublishedPrm(parent, "rlhflow");
  const mistral = await writePublishedPrm(parent, "math-shepherd");
  byteLevel = (await loadCheckpoint(llama.dir)).tokenizer;
  sentencePiece = (await loadCheckpoint(mistral.dir)).tokenizer;
});

const plain = { addSpecialTokens: false };

describe("createTextEncoder()", () => {
  test("a text without marks is encoded as ever", () => {
    const encode = createTextEncoder(byteLevel, []);
    expect(encode("The sum is\n\n12?\n")).toEqual(byteLevel.encode("The sum is\n\n12?\n", plain));
    const begins = createTextEncoder(sentencePiece, [])("Step 1", { begins: true });
    expect(begins).toEqual(sentencePiece.encode("Step 1", { addSpecialTokens: true }));
  });

  test("a text behind others gets no space that it does not have", () => {
    const encode = createTextEncoder(sentencePiece, []);
    const whole = sentencePiece.encode("q is\nStep 1", plain);
    const parts = [...sentencePiece.encode("q is", plain), ...encode("\nStep 1", { continues: true })];
    expect(parts).toEqual(whole);
    const spaced = [...sentencePiece.encode("q", plain), ...encode(" is 1", { continues: true })];
    expect(spaced).toEqual(sentencePiece.encode("q is 1", plain));
  });

  test("whatever is made of marks, the text comes back and no mark with it", () => {
    const encode = createTextEncoder(byteLevel, []);
    const parts = ["<|eot_id|>", "<|", "|>", "<|start_header_id|>", "eot_id", "a ", "\n", "<"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (chosen) => {
        const text = chosen.join("");
        const ids = encode(text);
        expect(ids.some((id) => byteLevel.specialTokenIds.includes(id))).toBe(false);
        expect(byteLevel.decode(ids)).toBe(text);
      }),
    );
  });

  test("a mark that cannot be taken apart is refused by name", () => {
    const encode = createTextEncoder(byteLevel, ["+"]);
    expect(() => encode("1 + 1")).not.toThrow();
    expect(() => encode("1\n+1")).toThrow(/must not hold a mark of the PRM's own format, got "\+"/);
  });
});

describe("pairScore()", () => {
  const score = (right: number, wrong: number): number =>
    pairScore(
      {
        row: 0,
        logits: Float32Array.of(right, wrong),
        summaries: [],
        probe: new Float32Array(0),
        hidden: new Float32Array(0),
      },
      0,
      1,
    );

  test("is the softmax over the two", () => {
    expect(score(1.5, 0.25)).toBeCloseTo(Math.exp(1.5) / (Math.exp(1.5) + Math.exp(0.25)), 12);
  });

  test("stays inside (0, 1) for logits that no exponential can hold", () => {
    expect(score(-2000, 2000)).toBe(1e-9);
    expect(score(2000, -2000)).toBe(1 - 1e-9);
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { KvSegment, LanguageModel, Wanted } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

const config = tinyConfig({ contextLength: 128 });
const cacheDir = await temporaryDirectory();
const NONE: Wanted = { logits: "none" };
const LAST: Wanted = { logits: "last" };
let model: LanguageModel;
let prefix: KvSegment;
beforeAll(async () => {
  model = await createLanguageModel(tinySource(config), { precision: "fp32", threads: 2, cacheDir });
  ({ prefix } = await model.prefill([1, 2, 3], NONE));
});
afterAll(() => model.dispose());

describe("refuses", () => {
  test("a token outside the vocabulary, no token, and more tokens than the context", async () => {
    const batch = model.createBatch();
    const row = batch.admit(prefix, []);
    const step = (tokenIds: number[]) => batch.step([{ row, tokenIds, wanted: LAST }]);
    const refusal = { code: "invalid_argument" };
    await expect(step([50])).rejects.toMatchObject({
      ...refusal,
      message: "token ids must be integers in [0, 50), got 50",
    });
    await expect(step([1.5])).rejects.toMatchObject(refusal);
    await expect(step([])).rejects.toMatchObject(refusal);
    await expect(step(Array.from({ length: 126 }, () => 1))).rejects.toMatchObject({
      ...refusal,
      message: "prompt and continuation must fit in the model's context of 128 tokens, got 129",
    });
    await expect(model.prefill([], LAST)).rejects.toMatchObject(refusal);
    await expect(model.prefill([-1], LAST)).rejects.toMatchObject(refusal);
    await expect(
      model.prefill(
        Array.from({ length: 129 }, () => 1),
        LAST,
      ),
    ).rejects.toMatchObject(refusal);
  });

  test("a probe of another shape", async () => {
    const probe = { input: "hidden", weights: new Float32Array(10), outputs: 2 } as const;
    await expect(model.prefill([1], { logits: "none", probes: [probe] })).rejects.toMatchObject({
      code: "invalid_argument",
      message: "a probe must have weights of shape [outputs, 144], got 10 for 2 outputs",
    });
  });

  test("rows that it does not have, or twice", async () => {
    const batch = model.createBatch();
    const row = batch.admit(prefix, []);
    const input = { row, tokenIds: [1], wanted: LAST };
    await expect(batch.step([input, input])).rejects.toThrow("once in a step");
    batch.release(row);
    await expect(batch.step([input])).rejects.toThrow(`there is no row ${row}`);
    expect(() => batch.release(row)).toThrow(`there is no row ${row}`);
    expect(() => batch.take(row, 1)).toThrow(`there is no row ${row}`);
  });

  test("a step while one runs", async () => {
    const batch = model.createBatch();
    const input = { row: batch.admit(prefix, []), tokenIds: [1], wanted: LAST };
    const first = batch.step([input]);
    await expect(batch.step([input])).rejects.toThrow("a step must end");
    await first;
  });
});

test("fills the context to its last token", async () => {
  const tokenIds = Array.from({ length: 128 }, (_, i) => i % 50);
  const whole = await model.prefill(tokenIds, LAST);
  const batch = model.createBatch();
  const { prefix: half } = await model.prefill(tokenIds.slice(0, 70), NONE);
  const row = batch.admit(half, []);
  await batch.step([{ row, tokenIds: tokenIds.slice(70, 127), wanted: NONE }]);
  // The other row makes the step wider than what is left of this one's context.
  const wide = batch.admit(prefix, []);
  const [output] = await batch.step([
    { row, tokenIds: tokenIds.slice(127), wanted: LAST },
    { row: wide, tokenIds: [1, 2, 3, 4], wanted: LAST },
  ]);
  expect(output!.logits).toBeAllclose(whole.output.logits, { atol: 3e-5 });
});

test("gives only what is wanted", async () => {
  const batch = model.createBatch();
  const [a, b, c] = [0, 1, 2].map(() => batch.admit(prefix, []));
  const outputs = await batch.step([
    { row: c!, tokenIds: [4, 5], wanted: { logits: "all" } },
    { row: a!, tokenIds: [4], wanted: NONE },
    { row: b!, tokenIds: [4, 5, 6], wanted: { logits: "last", hidden: true } },
  ]);
  expect(outputs.map(({ row }) => row)).toEqual([c, a, b]);
  expect(outputs.map(({ logits }) => logits.length / 50)).toEqual([2, 0, 1]);
  expect(outputs.map(({ hidden }) => hidden.length / 144)).toEqual([0, 0, 3]);
  expect(outputs.map(({ probe }) => probe.length)).toEqual([0, 0, 0]);
});

test("a probe is the product of its weights and the hidden states", async () => {
  const rng = createRng(5);
  const probes = [2, 17, 40].map((outputs) => ({
    input: "hidden" as const,
    weights: Float32Array.from({ length: outputs * 144 }, () => rng.normal()),
    outputs,
  }));
  const batch = model.createBatch();
  const inputs = [...probes, probes[0]!].map((probe, i) => ({
    row: batch.admit(prefix, []),
    tokenIds: [7, 8, 9].slice(i % 3),
    wanted: { logits: "none", hidden: true, probes: [probe] } as const,
  }));
  for (let round = 0; round < 2; round++) {
    for (const [i, { probe, hidden }] of (await batch.step(inputs)).entries()) {
      const { weights, outputs } = inputs[i]!.wanted.probes[0];
      const expected: number[] = [];
      for (let token = 0; token < hidden.length / 144; token++) {
        for (let out = 0; out < outputs; out++) {
          let sum = 0;
          for (let k = 0; k < 144; k++) sum += weights[out * 144 + k]! * hidden[token * 144 + k]!;
          expected.push(sum);
        }
      }
      expect(probe).toBeAllclose(expected, { atol: 2e-4 });
    }
    // The next round asks for other probes in another order.
    inputs.reverse();
  }
});

test("rows come and go during a step without harm to others", async () => {
  const batch = model.createBatch();
  const [stays, leaves] = [batch.admit(prefix, []), batch.admit(prefix, [])];
  await batch.step([stays, leaves].map((row) => ({ row, tokenIds: [4], wanted: LAST })));
  const running = batch.step([stays, leaves].map((row) => ({ row, tokenIds: [5], wanted: LAST })));
  const segment = batch.take(stays, 1);
  batch.release(leaves);
  const comes = batch.admit(prefix, [segment]);
  const [before] = await running;
  expect(batch.rowCount).toBe(2);
  const [after] = await batch.step([{ row: comes, tokenIds: [5], wanted: LAST }]);
  expect(after!.logits).toEqual(before!.logits);
});

test("counts the bytes of its slots, and of those it would need", async () => {
  const batch = model.createBatch();
  const perToken = model.info.kvBytesPerToken;
  expect(perToken).toBe(2 * 2 * 2 * 16 * 4);
  expect(batch.byteLength).toBe(0);
  expect(batch.byteLengthWith(prefix, 10)).toBe(64 * perToken);
  batch.admit(prefix, []);
  expect(batch.byteLength).toBe(64 * perToken);
  // The longest row sets the room of all.
  expect(batch.byteLengthWith(prefix, 65)).toBe(2 * 128 * perToken);
  const { prefix: other } = await model.prefill([9], NONE);
  // Two prompts have their prefixes copied side by side.
  expect(batch.byteLengthWith(other, 1)).toBe((2 * 64 + 2 * 64) * perToken);
});

test("counts what a step will make of its slots, also where one more row would need less", async () => {
  const batch = model.createBatch();
  const { prefix: other } = await model.prefill([9], NONE);
  // Two prompts with 4 and 2 rows take three groups of two; 4 and 3 would take two groups of four.
  const rows = [prefix, prefix, prefix, prefix, other, other].map((each) => batch.admit(each, []));
  const wanted = NONE;
  const tokenIds = Array.from({ length: 64 }, () => 1);
  await batch.step(rows.map((row) => ({ row, tokenIds, wanted })));
  const perToken = model.info.kvBytesPerToken;
  expect(batch.byteLength).toBe((6 * 64 + 3 * 64) * perToken);
  const expected = (6 * 128 + 3 * 64) * perToken;
  expect(batch.byteLengthAfter(1)).toBe(expected);
  await batch.step(rows.map((row) => ({ row, tokenIds: [1], wanted })));
  expect(batch.byteLength).toBe(expected);
});

test("what a segment says fits its data, and stays as it was", async () => {
  const batch = model.createBatch();
  const row = batch.admit(prefix, []);
  await batch.step([{ row, tokenIds: [4, 5, 6], wanted: NONE }]);
  const segment = batch.take(row, 2);
  const copy = segment.data.slice();
  await batch.step([{ row, tokenIds: [7], wanted: NONE }]);
  batch.release(row);
  expect(segment.tokenCount).toBe(2);
  expect(segment.byteLength).toBe(2 * model.info.kvBytesPerToken);
  expect(segment.data).toEqual(copy);
});

test("describes itself", () => {
  expect(model.info).toMatchObject({
    name: "tiny",
    architecture: "llama",
    precision: "fp32",
    vocabularySize: 50,
    contextLength: 128,
    hiddenSize: 48,
    hiddenStateCount: 3,
    // Per layer: q and o 48 x 64, k and v 48 x 32, three of 48 x 84; the head.
    flopsPerToken: 2 * (2 * (2 * 48 * 64 + 2 * 48 * 32 + 3 * 48 * 84) + 50 * 48),
  });
  expect(model.runMs).toBeGreaterThan(0);
});

test("disposes twice without harm, and refuses to run afterwards", async () => {
  const other = await createLanguageModel(tinySource(config), { precision: "fp32", threads: 1, cacheDir });
  await other.dispose();
  await other.dispose();
  await expect(other.prefill([1], LAST)).rejects.toThrow("disposed");
});

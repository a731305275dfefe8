import { afterAll, describe, expect, test } from "vitest";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type {
  KvSegment,
  LanguageModel,
  Precision,
  Prefill,
  PrefixPart,
  RowOutput,
  Wanted,
} from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

/**
 * A prompt's keys and values and what follows from them are the same bits whether it is run as a whole, between other
 * runs, or from another prompt's first chunks.
 */
const cacheDir = await temporaryDirectory();
const opened: LanguageModel[] = [];
afterAll(() => Promise.all(opened.map((model) => model.dispose())));

const config = tinyConfig();
const WANTED: Wanted = { logits: "last", hidden: true };
const ids = (count: number, seed: number): number[] => {
  const rng = createRng(seed, "prompt");
  return Array.from({ length: count }, () => rng.int(config.vocabSize));
};

async function open(precision: Precision = "fp32"): Promise<LanguageModel> {
  const model = await createLanguageModel(tinySource(config), { precision, threads: 2, cacheDir });
  opened.push(model);
  return model;
}

async function finish(prefill: Prefill, between?: () => Promise<unknown>) {
  while (prefill.remainingTokens > 0) {
    await prefill.advance();
    await between?.();
  }
  return prefill.result;
}

const bytesOf = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

function expectSame(
  got: { prefix: KvSegment; output: RowOutput },
  cold: { prefix: KvSegment; output: RowOutput },
) {
  expect(bytesOf(got.prefix.data).equals(bytesOf(cold.prefix.data)), "keys and values").toBe(true);
  expect(bytesOf(got.output.logits).equals(bytesOf(cold.output.logits)), "logits").toBe(true);
}

describe.each<Precision>(["fp32", "int8", "int4"])("at %s", (precision) => {
  test("chunks may be run between those of other prompts and steps of rows", async () => {
    const model = await open(precision);
    const prompt = ids(5 * 128 + 3, 1);
    const cold = await model.prefill(prompt, WANTED);
    const other = model.startPrefill(ids(700, 2), { logits: "none" });
    const batch = model.createBatch();
    const row = batch.admit(cold.prefix, []);
    const got = await finish(model.startPrefill(prompt, WANTED), async () => {
      if (other.remainingTokens > 0) await other.advance();
      await batch.step([{ row, tokenIds: [1], wanted: WANTED }]);
    });
    expectSame(got, cold);
    expect(bytesOf(got.output.hidden).equals(bytesOf(cold.output.hidden))).toBe(true);
  });

  test.each([
    ["the same prompt", ids(300, 3), 256],
    ["an extended one", [...ids(300, 3), ...ids(200, 4)], 256],
    ["one that differs later", [...ids(300, 3).slice(0, 140), ...ids(300, 5)], 128],
    ["one that ends with the second chunk", ids(300, 3).slice(0, 256), 128],
    ["one more token than a chunk", ids(300, 3).slice(0, 129), 128],
  ])("%s starts from the chunks of another", async (_, prompt, tokenCount) => {
    const model = await open(precision);
    const { prefix } = await model.prefill(ids(300, 3), { logits: "none" });
    const known: PrefixPart = { prefix, tokenCount };
    const prefill = model.startPrefill(prompt, WANTED, known);
    expect(prefill.remainingTokens).toBe(prompt.length - tokenCount);
    const warm = await finish(prefill);
    const cold = await model.prefill(prompt, WANTED);
    expectSame(warm, cold);
    expect(warm.output.hidden.length).toBe((prompt.length - tokenCount) * 3 * config.hiddenSize);
    const after = [warm, cold].map(async ({ prefix: from }) => {
      const batch = model.createBatch();
      const row = batch.admit(from, []);
      return (await batch.step([{ row, tokenIds: [1, 2, 3], wanted: WANTED }]))[0]!;
    });
    const [warmStep, coldStep] = [await after[0]!, await after[1]!];
    expect(bytesOf(warmStep.logits).equals(bytesOf(coldStep.logits))).toBe(true);
  });
});

test("a prompt takes the bytes that were told before", async () => {
  const model = await open();
  for (const count of [1, 64, 65, 130]) {
    const { prefix } = await model.prefill(ids(count, 6), { logits: "none" });
    expect(prefix.byteLength).toBe(model.prefixBytes(count));
  }
  expect(model.info.weightBytes).toBeGreaterThan(4 * model.info.parameterCount * 0.9);
});

test("has a result when all of it has run, and not before", async () => {
  const model = await open();
  const prefill = model.startPrefill(ids(130, 7), WANTED);
  await prefill.advance();
  expect(prefill.remainingTokens).toBe(2);
  expect(() => prefill.result).toThrow("has a result when");
  await prefill.advance();
  expect(prefill.result.prefix.tokenCount).toBe(130);
  await expect(prefill.advance()).rejects.toThrow("does not advance");
});

/** The precision bench: its arithmetic against the definitions, and a whole run on a tiny model. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { Precision } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { compare, toReference } from "../../../bench/precision/compare.js";
import { sampleDocuments, TEXT_SOURCES } from "../../../bench/precision/documents.js";
import { type MeasuredDocument, measureDocuments } from "../../../bench/precision/measure.js";
import { summarise } from "../../../bench/precision/summary.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../../fakes/tiny-directory.js";
import { describeWithShared } from "../../shared-data.js";

const never = new AbortController().signal;

function softmax(line: readonly number[]): number[] {
  const top = Math.max(...line);
  const total = line.reduce((sum, value) => sum + Math.exp(value - top), 0);
  return line.map((value) => Math.exp(value - top) / total);
}

/** The definitions, one token after the other. */
function plain(expected: Float32Array, logits: Float32Array, ids: readonly number[]) {
  const width = logits.length / ids.length;
  const distribution = (values: Float32Array, row: number): number[] =>
    softmax(Array.from(values.subarray(row * width, (row + 1) * width)));
  const result = { tokens: ids.length - 1, nll: 0, referenceNll: 0, agreements: 0, kl: 0 };
  for (const [row, id] of ids.slice(1).entries()) {
    const p = distribution(expected, row);
    const q = distribution(logits, row);
    result.referenceNll -= Math.log(p[id]!);
    result.nll -= Math.log(q[id]!);
    if (p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q))) result.agreements++;
    result.kl += p.reduce((sum, value, i) => sum + value * Math.log(value / q[i]!), 0);
  }
  return result;
}

function randomLogits(rows: number, width: number, seed: number): Float32Array {
  const rng = createRng(seed, "logits");
  return Float32Array.from({ length: rows * width }, () => 4 * rng.normal());
}

describe("compare()", () => {
  const ids = [3, 0, 6, 6, 2, 5];
  const expected = randomLogits(ids.length, 7, 1);

  test("sums loss, agreement and divergence as they are defined", () => {
    for (const noise of [0.05, 1, 10]) {
      const other = randomLogits(ids.length, 7, 2).map((value, i) => expected[i]! + noise * value);
      const { referenceNll, ...comparison } = plain(expected, other, ids);
      const reference = toReference(expected, ids);
      const got = compare(reference, other, ids);
      expect(reference.nll).toBeCloseTo(referenceNll, 9);
      expect([got.tokens, got.agreements]).toEqual([comparison.tokens, comparison.agreements]);
      expect(got.nll).toBeCloseTo(comparison.nll, 9);
      expect(got.kl).toBeCloseTo(comparison.kl, 9);
    }
  });

  test("finds a model at no distance from itself, wherever its logits lie", () => {
    const shifted = expected.map((value) => value + 64);
    const got = compare(toReference(expected, ids), shifted, ids);
    expect(got.agreements).toBe(got.tokens);
    expect(got.kl).toBeCloseTo(0, 4);
  });
});

test("summarise() gives ratios of per-token means, with intervals over documents", () => {
  const document = (referenceNll: number, nll: number, tokens: number): MeasuredDocument => ({
    source: "a text",
    referenceNll,
    comparisons: { int8: { tokens, nll, agreements: tokens - 1, kl: 0.5 } },
  });
  const summary = summarise("a text", [document(10, 11, 10), document(40, 44, 30)], 1);
  expect(summary.tokens).toBe(40);
  expect(summary.fp32Perplexity.estimate).toBeCloseTo(Math.exp(50 / 40), 12);
  const [row] = summary.rows;
  expect(row!.perplexity).toBeCloseTo(Math.exp(55 / 40), 12);
  expect(row!.perplexityRatio.estimate).toBeCloseTo(Math.exp(5 / 40), 12);
  expect(row!.top1Agreement).toMatchObject({ estimate: 38 / 40, low: 9 / 10, high: 29 / 30 });
  expect(row!.meanKl.estimate).toBeCloseTo(1 / 40, 12);
});

describe("a run on a tiny model", () => {
  const texts = ["12+34=46\n", "7-5=2\n#2\n", "9=9"];
  let directory: string;
  let measured: MeasuredDocument[];
  beforeAll(async () => {
    directory = await temporaryDirectory();
    await writeTinyDirectory(join(directory, "tiny"), 5, 2);
    measured = await measureDocuments(
      await loadCheckpoint(join(directory, "tiny")),
      texts.map((text) => ({ source: "sums", text })),
      { precisions: ["int8", "int4"], threads: 1, cacheDir: join(directory, "cache"), maxTokens: 7 },
      () => {},
      never,
    );
  });

  test("compares what the models say, of no more tokens than asked for", async () => {
    const checkpoint = await loadCheckpoint(join(directory, "tiny"));
    const ids = checkpoint.tokenizer.encode(texts[0]!, { addSpecialTokens: true }).slice(0, 7);
    const logits = async (precision: Precision): Promise<Float32Array> => {
      const options = { precision, threads: 1, cacheDir: join(directory, "cache") };
      const model = await createLanguageModel(checkpoint, options);
      try {
        return (await model.prefill(ids, { logits: "all" })).output.logits;
      } finally {
        await model.dispose();
      }
    };
    const expected = plain(await logits("fp32"), await logits("int4"), ids);
    expect(measured[0]!.referenceNll).toBeCloseTo(expected.referenceNll, 6);
    expect(measured[0]!.comparisons.int4).toMatchObject({ tokens: 6, agreements: expected.agreements });
    expect(measured[0]!.comparisons.int4!.nll).toBeCloseTo(expected.nll, 6);
    expect(measured[0]!.comparisons.int4!.kl).toBeCloseTo(expected.kl, 6);
  });

  test("finds int8 nearer to fp32 than int4", () => {
    const [int8, int4] = summarise("sums", measured, 1).rows;
    expect(int8!.meanKl.estimate).toBeLessThan(int4!.meanKl.estimate);
  });
});

describeWithShared("sampleDocuments()", ["data/gsm8k/test.jsonl", "data/aqua/dev.json"], () => {
  test("draws the same documents for the same seed, by the sources' shares, as plain prose", async () => {
    const documents = await sampleDocuments(TEXT_SOURCES, 40, 3);
    expect(await sampleDocuments(TEXT_SOURCES, 40, 3)).toEqual(documents);
    expect(await sampleDocuments(TEXT_SOURCES, 40, 4)).not.toEqual(documents);
    const count = (source: string): number => documents.filter((each) => each.source === source).length;
    expect([count("GSM8K test"), count("AQuA-RAT dev")]).toEqual([30, 10]);
    for (const { text } of documents) expect(text).not.toMatch(/<<|undefined/);
  });
});

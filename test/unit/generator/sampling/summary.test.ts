import { createRng } from "#shared/rng.js";
import type { Sampling } from "#generator/engine/types.js";
import { createSampler } from "#generator/sampling/sampler.js";
import { afterFirstCut, shorten } from "#generator/sampling/summary.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceSummary } from "../../../fakes/logit-summary.js";
import { sampling } from "./reference.js";

const VOCABULARY = 500;
const BLOCK = 32;

/** Logits of a language model's shape: some likely tokens, a long tail, ties here and there. */
function modelLikeRow(seed: number, sharpness: number): Float32Array {
  const rng = createRng(seed, "row");
  return Float32Array.from({ length: VOCABULARY }, () => Math.round(sharpness * rng.normal() * 64) / 64);
}

const knobs = fc.record({
  temperature: fc.constantFrom(0, 0.3, 0.8, 1, 1.7),
  topK: fc.constantFrom(undefined, 1, 5, 40, 64, 100),
  topP: fc.constantFrom(0.1, 0.5, 0.9, 0.99, 1),
  minP: fc.constantFrom(0, 0.02, 0.1, 1),
  order: fc.constantFrom("temperature_first" as const, "filter_first" as const),
});
const toSampling = ({
  topK,
  ...rest
}: Omit<Partial<Sampling>, "topK"> & { readonly topK: number | undefined }): Sampling =>
  sampling({ ...rest, ...(topK !== undefined && { topK }) });

describe("a row with a summary", () => {
  test("gives the token that the row gives without it", () => {
    fc.assert(
      fc.property(knobs, fc.integer(), fc.constantFrom(0.5, 2, 6), (chosen, seed, sharpness) => {
        const logits = modelLikeRow(seed, sharpness);
        const sampler = createSampler(toSampling(chosen));
        const summary = referenceSummary(logits, sampler.wanted.temperature, BLOCK);
        const [with_, without] = [createRng(seed), createRng(seed)];
        const quick = sampler.sample(logits, [], with_, summary);
        const walked = sampler.sample(logits, [], without);
        expect(quick.tokenId).toBe(walked.tokenId);
        expect(quick.logProb).toBeCloseTo(walked.logProb, 6);
        expect(quick.entropy).toBeCloseTo(walked.entropy, 6);
        expect(with_.next()).toBe(without.next());
      }),
      { numRuns: 600 },
    );
  });

  test("made for another temperature is not used for drawing", () => {
    const logits = modelLikeRow(1, 2);
    const sampler = createSampler(sampling({ temperature: 0.7 }));
    const summary = referenceSummary(logits, 1.5, BLOCK);
    for (let seed = 0; seed < 50; seed++) {
      const quick = sampler.sample(logits, [], createRng(seed), summary);
      expect(quick.tokenId).toBe(sampler.sample(logits, [], createRng(seed)).tokenId);
    }
  });

  test("is not asked for at a temperature whose reciprocal is infinite in float32", () => {
    const logits = modelLikeRow(1, 2);
    for (const filter of [{}, { topP: 0.9 }]) {
      const sampler = createSampler(sampling({ temperature: 1e-40, ...filter }));
      // In the graph 0 times that reciprocal is NaN.
      const factor = Math.fround(1 / sampler.wanted.temperature);
      const summary = referenceSummary(logits, sampler.wanted.temperature, BLOCK);
      const blockTotals = summary.blockTotals.map((total) => total + 0 * factor);
      const { tokenId } = sampler.sample(logits, [], createRng(3), { ...summary, blockTotals });
      expect(logits[tokenId]).toBe(summary.topLogits[0]);
    }
  });

  test("that is no distribution is refused as the row is", () => {
    const logits = modelLikeRow(1, 2);
    logits[7] = NaN;
    const broken = { ...referenceSummary(modelLikeRow(1, 2), 1, BLOCK), total: NaN, weightedTotal: NaN };
    const sampler = createSampler(sampling({}));
    expect(() => sampler.sample(logits, [], createRng(1), broken)).toThrow(/got NaN/);
  });

  test("draws the last token that can come where rounding leaves nothing", () => {
    const logits = Float32Array.from({ length: 64 }, (_, id) => (id < 40 ? 0 : -1e9));
    const summary = referenceSummary(logits, 1, BLOCK);
    const last = { ...createRng(1), next: () => 1 };
    expect(createSampler(sampling({})).sample(logits, [], last, summary).tokenId).toBe(39);
  });
});

describe("shortening", () => {
  const row = modelLikeRow(3, 1);
  const summary = referenceSummary(row, 1, BLOCK);

  test("gives up when the filter may keep tokens that are not listed", () => {
    expect(shorten(summary, sampling({ topK: 64 }), VOCABULARY)).toBeUndefined();
    expect(shorten(summary, sampling({ topP: 0.999 }), VOCABULARY)).toBeUndefined();
    expect(shorten(summary, sampling({ minP: 1e-6 }), VOCABULARY)).toBeUndefined();
    expect(shorten(summary, sampling({}), VOCABULARY)).toBeUndefined();
  });

  test("lists the kept tokens by ascending id, and leaves the other filters", () => {
    const short = shorten(summary, sampling({ topK: 4, topP: 0.9 }), VOCABULARY)!;
    expect(short.ids).toEqual([...summary.topIds.subarray(0, 4)].sort((a, b) => a - b));
    expect([...short.logits]).toEqual(short.ids.map((id) => row[id]));
    expect(afterFirstCut(sampling({ topK: 4, topP: 0.9 }))).toEqual(sampling({ topP: 0.9 }));
  });
});

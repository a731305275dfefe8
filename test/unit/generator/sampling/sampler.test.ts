import { type Rng, createRng } from "#shared/rng.js";
import { ServiceError } from "#shared/errors.js";
import type { Sampling } from "#generator/engine/types.js";
import { createSampler } from "#generator/sampling/sampler.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distribution, keptOf, sampling, softmax } from "./reference.js";

const NONE = -Infinity;
const Z = [4, 3, 2, 1, 0, -1, -2, -4];
const sampler = (knobs: Partial<Sampling>) => createSampler(sampling(knobs));

/** Counts its numbers. */
function countingRng(seed: number): Rng & { count: number } {
  const rng = createRng(seed);
  const counting = { ...rng, count: 0, next: () => (counting.count++, rng.next()) };
  return counting;
}

describe("a sampler refuses", () => {
  test.each([
    ["a NaN", [1, NaN, 2], /got NaN/],
    ["+Infinity", [1, Infinity, 2], /got Infinity/],
    ["a row in which nothing can come", [NONE, NONE], /got -Infinity as the largest of 2/],
    ["an empty row", [], /largest of 0/],
  ])("%s, sampled or greedy", (_, logits, message) => {
    for (const temperature of [0, 1]) {
      const sample = () => sampler({ temperature }).sample(Float32Array.from(logits), [], createRng(1));
      expect(sample).toThrow(message);
      expect(sample).toThrow(ServiceError);
    }
  });
});

describe("at temperature 0", () => {
  test("takes the likeliest, the lowest id of several, and draws nothing", () => {
    const rng = countingRng(1);
    const greedy = sampler({ temperature: 0, topK: 1, topP: 0.1, minP: 1 });
    expect(greedy.sample(Float32Array.of(1, 3, 3, 2), [], rng).tokenId).toBe(1);
    expect(greedy.sample(Float32Array.of(NONE, NONE, -5), [], rng).tokenId).toBe(2);
    expect(rng.count).toBe(0);
  });

  test("heeds the repetition penalty", () => {
    const greedy = sampler({ temperature: 0, repetitionPenalty: 2 });
    expect(greedy.sample(Float32Array.of(2, 3, -1), [1], createRng(1)).tokenId).toBe(0);
  });
});

describe("what a sampler says of a token", () => {
  test("is the model's own log-probability and entropy, whatever the knobs", () => {
    const knobs = { temperature: 3, topK: 4, topP: 0.9, minP: 0.05, repetitionPenalty: 3 };
    const p = softmax(Z);
    const entropy = -p.reduce((sum, q) => sum + q * Math.log(q), 0);
    for (const chosen of [knobs, { ...knobs, temperature: 0 }]) {
      const result = sampler(chosen).sample(Float32Array.from(Z), [0, 1], createRng(5));
      expect(result.logProb).toBeCloseTo(Math.log(p[result.tokenId]!), 12);
      expect(result.entropy).toBeCloseTo(entropy, 12);
    }
  });

  test("holds at the extremes", () => {
    const uniform = sampler({}).sample(new Float32Array(1000).fill(88), [], createRng(1));
    expect(uniform.entropy).toBeCloseTo(Math.log(1000), 9);
    const certain = sampler({}).sample(Float32Array.of(NONE, 3e38, -3e38), [], createRng(1));
    expect(certain).toEqual({ tokenId: 1, logProb: 0, entropy: 0 });
  });

  test("does not touch the row", () => {
    const row = Float32Array.from(Z);
    sampler({ temperature: 2, topK: 2, repetitionPenalty: 2 }).sample(row, [0], createRng(1));
    expect([...row]).toEqual(Z);
  });
});

describe("draws", () => {
  test("take one number each", () => {
    const rng = countingRng(3);
    const hot = sampler({ temperature: 2, topP: 0.9 });
    for (let i = 0; i < 10; i++) hot.sample(Float32Array.from(Z), [], rng);
    expect(rng.count).toBe(10);
  });

  test("are the same for the same seed, on every machine", () => {
    const rng = createRng(2024, "draws");
    const warm = sampler({ temperature: 1.3, topP: 0.95 });
    const tokens = Array.from({ length: 24 }, () => warm.sample(Float32Array.from(Z), [], rng).tokenId);
    // Pinned when written: a change here changes every tree that a seed stands for.
    expect(tokens.join("")).toBe("001000200110000110021013");
  });

  test("at both ends of the unit interval are tokens that can come", () => {
    const at = (u: number) => ({ ...createRng(1), next: () => u });
    const row = Float32Array.of(NONE, 1, NONE, 1, NONE);
    expect(sampler({}).sample(row, [], at(0)).tokenId).toBe(1);
    expect(sampler({}).sample(row, [], at(1 - 2 ** -53)).tokenId).toBe(3);
    expect(sampler({}).sample(row, [], at(1)).tokenId).toBe(3);
  });

  // Chi-square quantiles at 1 - 1e-4, by degrees of freedom: scipy.stats.chi2.ppf(1 - 1e-4, df).
  const QUANTILES = [0, 15.14, 18.42, 21.11, 23.51, 25.74, 27.86, 29.88];
  test.each([
    ["plain", {}],
    ["hot, min-p", { temperature: 2, minP: 0.1 }],
    ["hot, min-p first", { temperature: 2, minP: 0.1, order: "filter_first" }],
    ["top-k and top-p", { temperature: 1.5, topK: 6, topP: 0.97 }],
    ["repetition penalty", { repetitionPenalty: 1.7 }],
  ] as const)("follow their distribution: %s", (_, knobs) => {
    const expected = distribution(knobs, Z, [0, 5]);
    const counts = Array<number>(Z.length).fill(0);
    const rng = createRng(7, _);
    const drawer = sampler(knobs);
    const row = Float32Array.from(Z);
    const draws = 100_000;
    for (let i = 0; i < draws; i++) counts[drawer.sample(row, [0, 5], rng).tokenId]!++;
    const kept = keptOf(expected);
    expect(counts.reduce((sum, count, id) => (kept.includes(id) ? sum : sum + count), 0)).toBe(0);
    const chiSquare = kept.reduce(
      (sum, id) => sum + (counts[id]! - draws * expected[id]!) ** 2 / (draws * expected[id]!),
      0,
    );
    expect(chiSquare).toBeLessThan(QUANTILES[kept.length - 1]!);
  });

  test("never are tokens of probability 0, for any logits", () => {
    const logit = fc.oneof(fc.float({ min: -1e4, max: 1e4, noNaN: true }), fc.constant(NONE));
    const row = fc
      .array(logit, { minLength: 1, maxLength: 30 })
      .filter((logits) => logits.some(Number.isFinite));
    fc.assert(
      fc.property(
        row,
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        fc.integer(),
        (logits, temperature, seed) => {
          const { tokenId, logProb, entropy } = sampler({ temperature, topP: 0.99 }).sample(
            Float32Array.from(logits),
            [],
            createRng(seed),
          );
          expect(logits[tokenId]).toBeGreaterThan(NONE);
          expect(logProb).toBeLessThanOrEqual(1e-12);
          expect(entropy).toBeGreaterThanOrEqual(0);
          expect(entropy).toBeLessThanOrEqual(Math.log(logits.length) + 1e-9);
        },
      ),
    );
  });
});

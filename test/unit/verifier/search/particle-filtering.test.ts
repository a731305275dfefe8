import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { effectiveSize, resample, temperatureFor } from "#verifier/search/particle-filtering.js";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const WEIGHTS = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });
const DRAW = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe("resample", () => {
  test("counts the evenly spaced places on each particle's stretch", () => {
    const slowly = (slots: number, weights: readonly number[], draw: number): number[] => {
      const counts = weights.map(() => 0);
      for (let place = 0; place < slots; place++) {
        const at = ((place + draw) / slots) * sum(weights);
        let i = 0;
        for (let end = weights[0]!; end <= at; end += weights[i]!) i++;
        counts[i]!++;
      }
      return counts;
    };
    expect(resample(4, [1, 2, 1], 0.25)).toEqual([1, 2, 1]);
    expect(resample(4, [0.3, 0.6, 0.1], 0.5)).toEqual([1, 3, 0]);
    for (let seed = 0; seed < 500; seed++) {
      const rng = createRng(seed);
      const weights = Array.from({ length: 1 + rng.int(12) }, () => rng.next() ** 3);
      const [slots, draw] = [1 + rng.int(32), rng.next()];
      expect(resample(slots, weights, draw)).toEqual(slowly(slots, weights, draw));
    }
  });

  test("adds up, and no count is a whole one off its share", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 256 }), WEIGHTS, DRAW, (slots, weights, draw) => {
        const counts = resample(slots, weights, draw);
        expect(sum(counts)).toBe(slots);
        for (const [i, count] of counts.entries())
          expect(Math.abs(count - (slots * weights[i]!) / sum(weights))).toBeLessThan(1 + 1e-9);
      }),
    );
  });

  test("gives every particle its share on average", () => {
    const weights = [5, 0.1, 2, 1.4, 0.5];
    const rng = createRng("mean");
    const totals = weights.map(() => 0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++)
      for (const [at, count] of resample(8, weights, rng.next()).entries()) totals[at]! += count;
    // Standard errors are at most .5 / sqrt(20000) = .0035.
    for (const [i, total] of totals.entries())
      expect(Math.abs(total / draws - (8 * weights[i]!) / 9)).toBeLessThan(0.02);
  });
});

test("the effective size counts copies as particles of their own", () => {
  const one = (weight: number) => ({ weight, copies: 1 });
  expect(effectiveSize([one(3), one(3), one(3), one(3)])).toBeCloseTo(4);
  expect(effectiveSize([{ weight: 3, copies: 3 }, one(3)])).toBeCloseTo(4);
  expect(effectiveSize([one(1), one(1e-9)])).toBeCloseTo(1);
});

describe("temperatureFor", () => {
  // ESS (9 + 7)^2 / (81 + 7) = 2.909 of 8.
  const uneven = [
    { weight: 9, copies: 1 },
    { weight: 1, copies: 7 },
  ];
  const ratio = 8 / (256 / 88);

  test.each([
    [1, (ratio * 7) / 8],
    [2, (ratio * 6) / 8],
    [3, (ratio * 5) / 8],
    // Half of the steps that are expected.
    [4, 1],
    [40, 1],
  ])("after %i steps it is %f", (depth, expected) => {
    expect(temperatureFor(uneven, depth, false)).toBeCloseTo(expected);
  });

  test("is 1 where the weight is shared by half of the particles, and once one has finished", () => {
    expect(temperatureFor([{ weight: 1, copies: 8 }], 1, false)).toBe(1);
    expect(
      temperatureFor(
        [
          { weight: 3, copies: 4 },
          { weight: 0.9, copies: 4 },
        ],
        1,
        false,
      ),
    ).toBe(1);
    expect(temperatureFor(uneven, 1, true)).toBe(1);
  });
});

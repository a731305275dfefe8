import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distribution, keptOf, softmax } from "./reference.js";

const Z = [4, 3, 2, 1, 0, -1, -2, -4];

function expectProbabilities(actual: readonly number[], expected: readonly number[]): void {
  expect(keptOf(actual)).toEqual(expected.map((_, id) => id));
  expected.forEach((p, id) => expect(actual[id]).toBeCloseTo(p, 5));
  expect(actual.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
}

// Oracle: numpy in float64, six decimals.
describe("min-p 0.1 keeps and renormalizes, likeliest first", () => {
  test.each([
    [0.7, "temperature_first", [0.806679, 0.193321]],
    [0.7, "filter_first", [0.77096, 0.184761, 0.044278]],
    [1, "temperature_first", [0.665241, 0.244728, 0.090031]],
    [1, "filter_first", [0.665241, 0.244728, 0.090031]],
    [1.5, "temperature_first", [0.522917, 0.268475, 0.137839, 0.070769]],
    [1.5, "filter_first", [0.562742, 0.288921, 0.148337]],
    [2, "temperature_first", [0.428656, 0.259993, 0.157694, 0.095646, 0.058012]],
    [2, "filter_first", [0.50648, 0.307196, 0.186324]],
    [3, "temperature_first", [0.313909, 0.224926, 0.161166, 0.115481, 0.082746, 0.05929, 0.042483]],
    [3, "filter_first", [0.448441, 0.321322, 0.230237]],
  ] as const)("T = %d, %s", (temperature, order, expected) => {
    expectProbabilities(distribution({ temperature, minP: 0.1, order }, Z), expected);
  });
});

describe("min-p by hand", () => {
  const HALVES = [0.5, 0.25, 0.125, 0.0625, 0.0625].map(Math.log);
  test.each([
    [0.1, HALVES, [0.5, 0.25, 0.125, 0.0625, 0.0625]],
    [0.2, HALVES, [4 / 7, 2 / 7, 1 / 7]],
    [0.3, HALVES, [2 / 3, 1 / 3]],
    [0.6, HALVES, [1]],
    [1, HALVES, [1]],
    [1, [2, 2, 1, -1], [0.5, 0.5]],
    [1, Array<number>(6).fill(0.3), Array<number>(6).fill(1 / 6)],
  ])("%d of %j", (minP, logits, expected) => {
    expectProbabilities(distribution({ minP }, logits), expected);
  });

  test("cuts the tail of a large vocabulary that top-p keeps", () => {
    // 151,936 tokens: the top at .5, nine tenths of the rest on 20 plausible ones, a tenth on a 1/r tail; T = 1.5.
    const tail = Array.from({ length: 151_936 - 21 }, (_, i) => 1 / (i + 1));
    const tailTotal = tail.reduce((a, b) => a + b, 0);
    const logits = [
      0.5,
      ...Array<number>(20).fill(0.45 / 20),
      ...tail.map((weight) => (0.05 * weight) / tailTotal),
    ].map(Math.log);
    const tailMass = (knobs: object) =>
      distribution({ temperature: 1.5, ...knobs }, logits)
        .slice(21)
        .reduce((a, b) => a + b, 0);
    expect(tailMass({})).toBeGreaterThan(0.6);
    expect(tailMass({ topP: 0.9 })).toBeGreaterThan(0.5);
    expect(tailMass({ minP: 0.1 })).toBe(0);
  });
});

const row = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 40 });
const minP = fc.double({ min: 1e-6, max: 1, noNaN: true });
const temperature = fc.double({ min: 0.05, max: 10, noNaN: true });

describe("min-p, for any logits", () => {
  test("0 leaves the distribution bit-identical", () => {
    fc.assert(
      fc.property(row, (logits) => {
        expect(distribution({ minP: 0 }, logits)).toEqual(softmax(logits));
      }),
    );
  });

  test("keeps more as temperature rises when temperature comes first, the same when it comes last", () => {
    fc.assert(
      fc.property(row, minP, temperature, temperature, (logits, p, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const kept = (t: number, order: "temperature_first" | "filter_first") =>
          keptOf(distribution({ temperature: t, minP: p, order }, logits));
        expect(new Set(kept(high, "temperature_first"))).toEqual(
          new Set([...kept(high, "temperature_first"), ...kept(low, "temperature_first")]),
        );
        // At a low temperature a kept token's probability may be too small for a double; then it cannot be drawn.
        fc.pre(low > 0.2);
        expect(kept(low, "filter_first")).toEqual(kept(high, "filter_first"));
      }),
    );
  });

  test("with temperature first is min-p to the power of T with the filter first", () => {
    fc.assert(
      fc.property(row, minP, fc.double({ min: 0.2, max: 5, noNaN: true }), (logits, p, t) => {
        const first = keptOf(distribution({ temperature: t, minP: p, order: "temperature_first" }, logits));
        const last = keptOf(distribution({ temperature: t, minP: p ** t, order: "filter_first" }, logits));
        // A token exactly on the edge may fall to either side in floating point.
        const edge = Math.max(...logits) + t * Math.log(p);
        fc.pre(logits.every((z) => Math.abs(z - edge) > 1e-9));
        expect(first).toEqual(last);
      }),
      { numRuns: 1000 },
    );
  });

  test("always keeps the likeliest", () => {
    fc.assert(
      fc.property(row, minP, temperature, (logits, p, t) => {
        const probabilities = distribution({ temperature: t, minP: p }, logits);
        expect(probabilities[logits.indexOf(Math.max(...logits))]).toBeGreaterThan(0);
      }),
    );
  });
});

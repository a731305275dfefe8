import type { Sampling } from "#generator/engine/types.js";
import { applyRepetitionPenalty } from "#generator/sampling/repetition-penalty.js";
import { applyTemperature } from "#generator/sampling/temperature.js";
import { applyTopK } from "#generator/sampling/top-k.js";
import { applyTopP } from "#generator/sampling/top-p.js";
import { createFilters } from "#generator/sampling/sampler.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeWithShared, loadGolden } from "../../../shared-data.js";
import { distribution, keptOf, referenceDistribution, sampling, softmax } from "./reference.js";

const NONE = -Infinity;
const ascending = (a: number, b: number): number => a - b;
const after = (apply: (row: Float64Array) => void, logits: readonly number[]): number[] => {
  const row = Float64Array.from(logits);
  apply(row);
  return [...row];
};

describe("by hand", () => {
  test("temperature divides distances", () => {
    expect(after((row) => applyTemperature(row, 2), [3, 1, NONE])).toEqual([0, -1, NONE]);
    expect(after((row) => applyTemperature(row, 5e-324), [3, 3, 1])).toEqual([0, 0, NONE]);
  });

  test("top-k keeps the k largest, and ties with the last of them", () => {
    expect(after((row) => applyTopK(row, 2), [1, 5, 3, 2])).toEqual([NONE, 5, 3, NONE]);
    expect(after((row) => applyTopK(row, 2), [3, 5, 3, 2])).toEqual([3, 5, 3, NONE]);
    expect(after((row) => applyTopK(row, 3), [1, NONE, NONE, NONE])).toEqual([1, NONE, NONE, NONE]);
    expect(after((row) => applyTopK(row, 9), [1, 2])).toEqual([1, 2]);
  });

  test("top-p keeps the token that crosses p, and the lower id of equals", () => {
    const halves = [0.125, 0.5, 0.25, 0.125].map(Math.log);
    expect(keptOf(softmax(after((row) => applyTopP(row, 0.4), halves)))).toEqual([1]);
    expect(keptOf(softmax(after((row) => applyTopP(row, 0.6), halves)))).toEqual([1, 2]);
    expect(keptOf(softmax(after((row) => applyTopP(row, 0.8), halves)))).toEqual([0, 1, 2]);
    expect(keptOf(softmax(after((row) => applyTopP(row, 0.95), halves)))).toEqual([0, 1, 2, 3]);
    expect(keptOf(softmax(after((row) => applyTopP(row, 1e-300), [7, 7, 7])))).toEqual([0]);
  });

  // Oracle: numpy in float64.
  test("top-p 0.9 at T = 1, 2 and 3", () => {
    const z = [4, 3, 2, 1, 0, -1, -2, -4];
    expect(keptOf(distribution({ topP: 0.9 }, z))).toEqual([0, 1, 2]);
    expect(keptOf(distribution({ topP: 0.9, temperature: 2 }, z))).toEqual([0, 1, 2, 3, 4]);
    const hot = distribution({ topP: 0.9, temperature: 3 }, z);
    [0.327837, 0.234905, 0.168317, 0.120604, 0.086417, 0.06192].forEach((p, id) =>
      expect(hot[id]).toBeCloseTo(p, 6),
    );
    expect(keptOf(hot)).toHaveLength(6);
  });

  test("repetition penalty divides positive and multiplies negative logits, once", () => {
    expect(after((row) => applyRepetitionPenalty(row, [0, 1, 1, 3, 99], 2), [4, -4, 4, NONE])).toEqual([
      2,
      -8,
      4,
      NONE,
    ]);
  });

  test("a knob that is off is not in the chain", () => {
    expect(createFilters(sampling({}))).toHaveLength(0);
    expect(createFilters(sampling({ temperature: 0, topK: 1, topP: 0.5, minP: 0.5 }))).toHaveLength(0);
    expect(
      createFilters(sampling({ temperature: 2, topK: 3, topP: 0.5, minP: 0.5, repetitionPenalty: 2 })),
    ).toHaveLength(5);
  });
});

describe("for any logits", () => {
  // On a grid, so that logits are equal or clearly apart.
  const grid = fc.integer({ min: -20_000, max: 20_000 }).map((steps) => steps / 1024);
  const logit = fc.oneof({ weight: 8, arbitrary: grid }, fc.constantFrom(0, 1, NONE));
  const row = fc
    .array(logit, { minLength: 1, maxLength: 60 })
    .filter((logits) => logits.some(Number.isFinite));
  const knobs: fc.Arbitrary<Partial<Sampling>> = fc.record(
    {
      temperature: fc.double({ min: 0.1, max: 10, noNaN: true }),
      topK: fc.integer({ min: 1, max: 70 }),
      // Closer to 1 than this only the rounding of sums is tested.
      topP: fc.double({ min: 0.01, max: 0.999, noNaN: true }),
      minP: fc.double({ min: 0, max: 1, noNaN: true }),
      repetitionPenalty: fc.double({ min: 0.1, max: 10, noNaN: true }),
      order: fc.constantFrom("temperature_first" as const, "filter_first" as const),
    },
    { requiredKeys: [] },
  );

  test("equals the slow reference", () => {
    fc.assert(
      fc.property(row, knobs, fc.array(fc.nat(59), { maxLength: 10 }), (logits, chosen, seen) => {
        const actual = distribution(chosen, logits, seen);
        const expected = referenceDistribution(chosen, logits, seen);
        // Where a cut falls on an edge, rounding decides; one token of difference at such an edge is not an error.
        const different = actual.flatMap((p, id) => (Math.abs(p - expected[id]!) > 1e-9 ? [id] : []));
        if (different.length > 0) fc.pre(isOnAnEdge(chosen, logits, seen));
        expect(different).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  test("is a distribution over tokens that could come before", () => {
    fc.assert(
      fc.property(row, knobs, (logits, chosen) => {
        const probabilities = distribution(chosen, logits);
        expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        for (const id of keptOf(probabilities)) expect(logits[id]).toBeGreaterThan(NONE);
      }),
    );
  });

  /** Whether knobs moved by a hair change what the reference keeps. */
  function isOnAnEdge(
    chosen: Partial<Sampling>,
    logits: readonly number[],
    seen: readonly number[],
  ): boolean {
    const { topP, minP } = sampling(chosen);
    const kept = (factor: number) =>
      keptOf(
        referenceDistribution(
          { ...chosen, topP: topP < 1 ? topP * factor : 1, minP: Math.min(1, minP * factor) },
          logits,
          seen,
        ),
      );
    return kept(1 - 1e-9).join() !== kept(1 + 1e-9).join();
  }
});

describe("the order of top-k, top-p, min-p and temperature", () => {
  const z = [4, 3, 2, 1, 0, -1, -2, -4];

  test("temperature first: the filters see the flattened distribution", () => {
    const chosen = { temperature: 3, topK: 6, topP: 0.9, minP: 0.2 } as const;
    // Of six at T = 3, nine tenths are the first five; a fifth of the top's .33 cuts none of them.
    expect(keptOf(distribution(chosen, z))).toEqual([0, 1, 2, 3, 4]);
  });

  test("filter first: they see the model's own", () => {
    const chosen = { temperature: 3, topK: 6, topP: 0.9, minP: 0.2, order: "filter_first" } as const;
    // The first three are .95; exp(-2) = .135 of the top is below a fifth.
    expect(keptOf(distribution(chosen, z))).toEqual([0, 1]);
  });

  test("top-k before top-p: the nucleus is of what top-k left", () => {
    // Of .63 .23 .09 ... the first two are .865, but .91 of the first three.
    expect(keptOf(distribution({ topP: 0.88 }, z))).toEqual([0, 1, 2]);
    expect(keptOf(distribution({ topK: 3, topP: 0.88 }, z))).toEqual([0, 1]);
  });
});

interface WarperCase {
  readonly row: number;
  readonly temperature: number;
  readonly order: "temperature_first" | "filter_first";
  readonly filter: string;
  readonly param: number;
  readonly kept: readonly number[];
  readonly probs: readonly number[];
  readonly boundary_tie: boolean;
}
interface PenaltyCase {
  readonly row: number;
  readonly penalty: number;
  readonly input_ids: readonly number[];
  readonly logits_after: readonly number[];
  readonly probs: readonly number[];
}
interface Warpers {
  readonly rows: readonly { readonly logits: readonly number[] }[];
  readonly cases: readonly WarperCase[];
  readonly repetition_penalty: readonly PenaltyCase[];
}

const KNOBS: Readonly<Record<string, (param: number) => Partial<Sampling>>> = {
  none: () => ({}),
  top_k: (topK) => ({ topK }),
  top_p: (topP) => ({ topP }),
  min_p: (minP) => ({ minP }),
  chain: () => ({ topK: 20, topP: 0.9, minP: 0.05 }),
};

describeWithShared("golden vectors of transformers' warpers", ["fixtures/warpers/warpers.json"], () => {
  const golden = loadGolden("warpers", "warpers.json").json as unknown as Warpers;
  const logitsOf = (row: number) => golden.rows[row]!.logits;
  // Typical-p and epsilon are not offered.
  const offered = golden.cases.filter(({ filter }) => filter in KNOBS);

  test("are all there", () => {
    expect(golden.cases).toHaveLength(1308);
    expect(new Set(golden.cases.map(({ filter }) => filter))).toEqual(
      new Set([...Object.keys(KNOBS), "typical_p", "epsilon"]),
    );
    expect(offered).toHaveLength(972);
  });

  test.each(Object.keys(KNOBS))(
    "%s keeps the same tokens with the same probabilities, in both orders",
    (name) => {
      for (const { row, temperature, order, filter, param, kept, probs, boundary_tie: tie } of offered) {
        if (filter !== name) continue;
        const logits = logitsOf(row);
        const label = `${filter} ${param}, T ${temperature}, ${order}, row ${row}`;
        const actual = distribution({ ...KNOBS[filter]!(param), temperature, order }, logits);
        const ids = keptOf(actual);
        // Of equal logits on both sides of the cut torch keeps arbitrary ones: there only the values can be compared.
        if (tie)
          expect([label, ids.map((id) => logits[id]!).sort(ascending)]).toEqual([
            label,
            kept.map((id) => logits[id]!).sort(ascending),
          ]);
        else
          expect([label, ids.filter((id) => actual[id]! > 1e-30)]).toEqual([
            label,
            kept.filter((_, i) => probs[i]! > 1e-30),
          ]);
        const expected = tie ? probs.toSorted(ascending) : probs;
        const found = (tie ? ids : kept).map((id) => actual[id]!);
        if (tie) found.sort(ascending);
        expected.forEach((p, i) => expect(Math.abs(p - found[i]!), label).toBeLessThan(1e-5));
      }
    },
  );

  test("repetition penalty", () => {
    expect(golden.repetition_penalty).toHaveLength(12);
    for (const { row, penalty, input_ids, logits_after, probs } of golden.repetition_penalty) {
      const penalized = after((logits) => applyRepetitionPenalty(logits, input_ids, penalty), logitsOf(row));
      logits_after.forEach((z, id) => expect(penalized[id]).toBeCloseTo(z, 5));
      distribution({ repetitionPenalty: penalty }, logitsOf(row), input_ids).forEach((p, id) =>
        expect(p).toBeCloseTo(probs[id]!, 5),
      );
    }
  });
});

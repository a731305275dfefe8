import * as fc from "fast-check";
import { expect, test } from "vitest";
import { apportion } from "#verifier/search/rebase.js";

/** All ways to write `slots` as so many counts. */
function compositions(slots: number, parts: number): number[][] {
  if (parts === 1) return [[slots]];
  return Array.from({ length: slots + 1 }, (_, first) => first).flatMap((first) =>
    compositions(slots - first, parts - 1).map((rest) => [first, ...rest]),
  );
}

function distance(counts: readonly number[], shares: readonly number[]): number {
  return counts.reduce((sum, count, i) => sum + (count - shares[i]!) ** 2, 0);
}

test("of all counts that add up, those nearest to the shares", () => {
  const weights = fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7 }), weights, (slots, given) => {
      const total = given.reduce((sum, weight) => sum + weight, 0);
      const shares = given.map((weight) => (slots * weight) / total);
      const nearest = Math.min(
        ...compositions(slots, given.length).map((counts) => distance(counts, shares)),
      );
      const counts = apportion(slots, given);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(slots);
      expect(distance(counts, shares)).toBeCloseTo(nearest, 9);
    }),
  );
});

test.each([
  [3, [1, 1], [2, 1]],
  // Rounded one by one these shares of .5 would be four, or none.
  [2, [1, 1, 1, 1], [1, 1, 0, 0]],
  [16, [1], [16]],
  [0, [1, 2], [0, 0]],
  [4, [], []],
])("apportion(%i, %j)", (slots, weights, expected) => {
  expect(apportion(slots, weights)).toEqual(expected);
});

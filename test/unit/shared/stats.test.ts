import { expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { auc, spearman } from "#shared/stats.js";

/** Ranks by counting, and the covariance of the ranks by pairs: sum over all i, j of (a_i - a_j)(b_i - b_j). */
function slowSpearman(a: readonly number[], b: readonly number[]): number {
  const rank = (values: readonly number[]): number[] =>
    values.map(
      (value) =>
        values.filter((other) => other < value).length +
        (values.filter((other) => other === value).length + 1) / 2,
    );
  const [x, y] = [rank(a), rank(b)];
  const product = (u: number[], v: number[]): number =>
    u.reduce((sum, ui, i) => sum + u.reduce((inner, uj, j) => inner + (ui - uj) * (v[i]! - v[j]!), 0), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

test("Spearman's correlation agrees with counting, ties included", () => {
  const rng = createRng("spearman");
  for (let round = 0; round < 50; round++) {
    const draw = (): number[] => Array.from({ length: 12 }, () => rng.int(6));
    const [a, b] = [draw(), draw()];
    expect(spearman(a, b)).toBeCloseTo(slowSpearman(a, b), 12);
  }
});

test("Spearman's correlation is 1 for the same order, -1 for the opposite, 0 where one does not vary", () => {
  expect(spearman([1, 20, 300], [4, 5, 600])).toBeCloseTo(1, 12);
  expect(spearman([1, 20, 300], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(spearman([1, 2, 3], [5, 5, 5])).toBe(0);
});

test("AUC agrees with counting pairs, ties included", () => {
  const rng = createRng("auc");
  for (let round = 0; round < 50; round++) {
    const scores = Array.from({ length: 12 }, () => rng.int(6));
    const labels = scores.map((_, i) => (i < 2 ? i === 0 : rng.int(2) === 0));
    const [hits, misses] = [true, false].map((label) => scores.filter((_, i) => labels[i] === label));
    const wins = hits!.flatMap((hit) =>
      misses!.map((miss) => (hit > miss ? 1 : hit === miss ? 0.5 : 0) as number),
    );
    const expected = wins.reduce((sum, win) => sum + win, 0) / wins.length;
    expect(auc(scores, labels)).toBeCloseTo(expected, 12);
  }
});

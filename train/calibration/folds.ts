/** Problems dealt out for cross-validation. */
import { createRng, shuffled } from "#shared/rng.js";

export const FOLDS = 5;

/**
 * The fold of each unit. Units of similar values go to different folds: otherwise the mean that is fitted without a fold
 * tells what is in it, and estimates from nothing would seem to be worse than none.
 */
export function dealFolds(values: readonly number[], seed: string): number[] {
  const rng = createRng(seed);
  const order = shuffled(
    values.map((_, i) => i),
    rng,
  ).toSorted((a, b) => values[a]! - values[b]!);
  const folds = values.map(() => 0);
  for (let from = 0; from < order.length; from += FOLDS) {
    const deal = shuffled(
      Array.from({ length: FOLDS }, (_, fold) => fold),
      rng,
    );
    for (const [place, unit] of order.slice(from, from + FOLDS).entries()) folds[unit] = deal[place]!;
  }
  return folds;
}

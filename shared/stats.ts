/** Statistics that reports and trainers share. */
import type { Rng } from "./rng.js";

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

/** NaN for no values. */
export const mean = (values: readonly number[]): number => sum(values) / values.length;

/**
 * Area under the ROC curve: the chance that a random positive scores above a random negative, ties counting half
 * (Mann-Whitney). Undefined when one of the two is missing.
 */
export function auc(scores: readonly number[], labels: readonly boolean[]): number | undefined {
  const positives = labels.filter(Boolean).length;
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  const rankSum = sum(ranks(scores).filter((_, i) => labels[i]));
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Spearman's rank correlation, ties sharing their mean rank; 0 when one of the two does not vary. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  return pearson(ranks(a), ranks(b));
}

/** From 1. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).toSorted((a, b) => values[a]! - values[b]!);
  const found = Array.from(values, () => 0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) found[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return found;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return products === 0 ? 0 : products / Math.sqrt(squaresA * squaresB);
}

export interface Interval {
  readonly estimate: number;
  /** The 2.5 % and 97.5 % quantiles of the bootstrap. */
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap (Efron 1979) of a statistic over independent units, such as problems: `resamples` samples of the
 * units with replacement.
 */
export function bootstrap<T>(
  units: readonly T[],
  statistic: (units: readonly T[]) => number,
  rng: Rng,
  resamples = 1000,
): Interval {
  const values = Array.from({ length: resamples }, () =>
    statistic(units.map(() => units[rng.int(units.length)]!)),
  ).toSorted((a, b) => a - b);
  const quantile = (q: number): number => values[Math.min(resamples - 1, Math.floor(q * resamples))]!;
  return { estimate: statistic(units), low: quantile(0.025), high: quantile(0.975) };
}

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
  const order = scores.map((_, i) => i).toSorted((a, b) => scores[a]! - scores[b]!);
  const positives = labels.filter(Boolean).length;
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  let rankSum = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) to++;
    // Ranks from + 1 .. to share their mean.
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (labels[order[i]!]) rankSum += rank;
    from = to;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
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

/** Whether answers that were given with confidence p are right in a share p of cases. */
import { mean, sum } from "#shared/stats.js";
import type { Arm } from "./arm.js";
import type { Reliability, ReliabilityBin } from "./report/report.js";

const BINS = 10;

export function reliabilityOf(strategy: string, arms: readonly Arm[]): Reliability {
  const solves = arms.flatMap((arm) => arm.solves);
  const bins = binsOf(
    solves.map(({ confidence, correct }) => ({ predicted: confidence, observed: Number(correct) })),
  );
  const outcomes = solves.map(({ confidence, correct }) => ({
    confidence,
    correct,
    weight: 1 / solves.length,
  }));
  return { strategy, solves: solves.length, ...errorsOf(outcomes), bins };
}

/** Ten, without the empty ones. */
export function binsOf(pairs: readonly Pick<ReliabilityBin, "predicted" | "observed">[]): ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const own = pairs.filter(({ predicted }) => binOf(predicted) === bin);
    return {
      predicted: mean(own.map(({ predicted }) => predicted)),
      observed: mean(own.map(({ observed }) => observed)),
      count: own.length,
    };
  }).filter(({ count }) => count > 0);
}

/** Expected calibration error over the same bins. The weights add up to 1. */
export function eceOf(
  pairs: readonly (Pick<ReliabilityBin, "predicted" | "observed"> & { readonly weight: number })[],
): number {
  const gaps = Array.from({ length: BINS }, (_, bin) => {
    const own = pairs.filter(({ predicted }) => binOf(predicted) === bin);
    return Math.abs(sum(own.map(({ predicted, observed, weight }) => weight * (predicted - observed))));
  });
  return sum(gaps);
}

export interface Outcome {
  /** In [0, 1]. */
  readonly confidence: number;
  readonly correct: boolean;
  /** All together 1. */
  readonly weight: number;
}

/** Expected calibration error over ten bins of equal width, and Brier score. */
export function errorsOf(outcomes: readonly Outcome[]): { readonly ece: number; readonly brier: number } {
  return {
    ece: eceOf(
      outcomes.map(({ confidence, correct, weight }) => ({
        predicted: confidence,
        observed: Number(correct),
        weight,
      })),
    ),
    brier: sum(
      outcomes.map(({ confidence, correct, weight }) => weight * (confidence - Number(correct)) ** 2),
    ),
  };
}

const binOf = (confidence: number): number => Math.min(BINS - 1, Math.floor(BINS * confidence));

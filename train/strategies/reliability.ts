/** Whether answers that were given with confidence p are right in a share p of cases. */
import { mean, sum } from "#shared/stats.js";
import type { Arm } from "./arm.js";
import type { Reliability } from "./report/report.js";

const BINS = 10;

export function reliabilityOf(strategy: string, arms: readonly Arm[]): Reliability {
  const solves = arms.flatMap((arm) => arm.solves);
  const bins = Array.from({ length: BINS }, (_, bin) => {
    const own = solves.filter(({ confidence }) => Math.min(BINS - 1, Math.floor(BINS * confidence)) === bin);
    return {
      confidence: mean(own.map(({ confidence }) => confidence)),
      accuracy: mean(own.map(({ correct }) => Number(correct))),
      count: own.length,
    };
  }).filter(({ count }) => count > 0);
  return {
    strategy,
    solves: solves.length,
    ece:
      sum(bins.map(({ confidence, accuracy, count }) => count * Math.abs(confidence - accuracy))) /
      solves.length,
    brier: mean(solves.map(({ confidence, correct }) => (confidence - Number(correct)) ** 2)),
    bins,
  };
}

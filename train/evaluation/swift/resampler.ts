/** Bootstrap intervals of means over problems, all of one set of resamples: differences between methods are paired. */
import type { Rng } from "#shared/rng.js";
import { type Interval, mean } from "#shared/stats.js";

export type Resampler = (values: readonly number[]) => Interval;

/** For values of so many problems. Percentile bootstrap, as `bootstrap` of `shared/stats.ts`. */
export function createResampler(problems: number, rng: Rng, resamples = 1000): Resampler {
  const draws = Uint32Array.from({ length: resamples * problems }, () => rng.int(problems));
  return (values) => {
    const means = Float64Array.from({ length: resamples }, (_, sample) => {
      let total = 0;
      for (let i = sample * problems; i < (sample + 1) * problems; i++) total += values[draws[i]!]!;
      return total / problems;
    }).sort();
    const quantile = (q: number): number => means[Math.min(resamples - 1, Math.floor(q * resamples))]!;
    return { estimate: mean(values), low: quantile(0.025), high: quantile(0.975) };
  };
}

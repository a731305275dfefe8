/**
 * Standardisation without standardised data: the head is trained as if each feature had mean 0 and deviation 1, by
 * moving the scaling into its weights before each pass over the raw features, and into its gradients after it.
 */
import type { ExampleSource } from "./example-source.js";
import type { Breather } from "./breather.js";
import type { Row, Rows } from "./head-gradient.js";

export interface Moments {
  /** [width] each. */
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** Steps of binary16 in a number of its own size: what varies by less than two of them is rounding, not signal. */
const HALF_STEPS = 2048;

/** Over all tokens of the source, in one pass; a feature that does not vary has deviation 1. */
export async function momentsOf(source: ExampleSource, breather: Breather): Promise<Moments> {
  const { width, examples } = source;
  // Sums around the first token's values: those of large features with small deviations would cancel.
  const origin = Float64Array.from(source.read(0).subarray(0, width));
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  let count = 0;
  for (const [index, { tokens }] of examples.entries()) {
    const states = source.read(index);
    count += tokens;
    for (let at = 0; at < tokens * width; at += width)
      for (let i = 0; i < width; i++) {
        const value = states[at + i]! - origin[i]!;
        sums[i]! += value;
        squares[i]! += value * value;
      }
    await breather.breathe();
  }
  const mean = sums.map((sum, i) => origin[i]! + sum / count);
  const deviation = squares.map((square, i) => {
    const value = Math.sqrt(Math.max(0, square / count - (sums[i]! / count) ** 2));
    return value > 1e-6 ? Math.max(value, (2 * Math.abs(mean[i]!)) / HALF_STEPS) : 1;
  });
  return { mean, deviation };
}

/** The head over raw features that equals `row` over standardised ones: w (h - mean) / dev + b. */
export function toRaw({ weights, bias }: Row, { mean, deviation }: Moments, into: Row): void {
  let shift = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]! / deviation[i]!;
    into.weights[i] = weight;
    shift += weight * mean[i]!;
  }
  into.bias = bias - shift;
}

/** Gradients by raw weights become gradients by standardised ones, in place. */
export function gradientFromRaw(gradient: Row, { mean, deviation }: Moments): void {
  for (let i = 0; i < mean.length; i++)
    gradient.weights[i] = (gradient.weights[i]! - mean[i]! * gradient.bias) / deviation[i]!;
}

export function eachRow({ gate, reward }: Rows, visit: (row: Row, of: "gate" | "reward") => void): void {
  if (gate !== undefined) visit(gate, "gate");
  visit(reward, "reward");
}

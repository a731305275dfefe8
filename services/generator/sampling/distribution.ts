/**
 * Probabilities of one row of logits. Sums are float64 and run in ascending id order, so that the same logits and the
 * same draw give the same token on every machine.
 */
import { ServiceError } from "#shared/errors.js";
import type { Rng } from "#shared/rng.js";

export interface RowSummary {
  /** ln of the sum of exp(logit): what log-probabilities are measured from. */
  readonly logTotal: number;
  /** In nats. */
  readonly entropy: number;
}

/**
 * Looks at a raw row [vocabulary]; -Infinity marks tokens that cannot come.
 * @throws ServiceError `internal` when the row is no distribution: a NaN, a +Infinity, or nothing that can come.
 */
export function summarize(logits: Float32Array): RowSummary {
  const top = largest(logits);
  // Any NaN makes this NaN: comparisons pass over it, sums do not.
  let total = 0;
  let weighted = 0;
  for (let id = 0; id < logits.length; id++) {
    const distance = logits[id]! - top;
    const weight = Math.exp(distance);
    total += weight;
    // 0 * -Infinity would be NaN.
    if (weight !== 0) weighted += weight * distance;
  }
  if (Number.isNaN(total) || !Number.isFinite(top)) {
    const what = logits.some(Number.isNaN) ? "NaN" : `${top} as the largest of ${logits.length}`;
    throw new ServiceError(
      "internal",
      `logits must be finite or -Infinity, got ${what}; the model's weights are broken`,
    );
  }
  // H = -sum p ln p with p = weight / total and ln p = distance - ln total; never below 0, where rounding may take it.
  return { logTotal: top + Math.log(total), entropy: Math.max(0, Math.log(total) - weighted / total) };
}

/** The largest value; -Infinity of none. NaN is passed over. */
export function largest(values: Float32Array | Float64Array): number {
  let top = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > top) top = values[i]!;
  }
  return top;
}

/** The likeliest token; the lowest id of several. */
export function argmax(logits: Float64Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if (logits[id]! > logits[best]!) best = id;
  }
  return best;
}

/** Draws a token by inverting the cumulative distribution, with one number of `rng`. Overwrites `logits`. */
export function draw(logits: Float64Array, rng: Rng): number {
  const top = largest(logits);
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    logits[id] = Math.exp(logits[id]! - top);
    total += logits[id]!;
  }
  // `next` is below 1, but the product may round up to the total; then the last token that can come is meant.
  const point = rng.next() * total;
  let before = 0;
  let last = 0;
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] === 0) continue;
    before += logits[id]!;
    if (before > point) return id;
    last = id;
  }
  return last;
}

/** Probabilities as scores: never exactly 0 or 1, so that products and logarithms of scores stay finite. */

const SMALLEST = 1e-9;

/** Logistic function, without overflow for any finite x. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const power = Math.exp(x);
  return power / (1 + power);
}

/** sigmoid(logit) held inside [1e-9, 1 - 1e-9]. NaN stays NaN: the caller must refuse it. */
export function toScore(logit: number): number {
  return Math.min(1 - SMALLEST, Math.max(SMALLEST, sigmoid(logit)));
}

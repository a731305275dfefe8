/**
 * Min-p (arXiv 2407.01082): drops every token that is less than `minP` times as likely as the likeliest. A ratio of
 * probabilities is a distance of logits, so neither softmax nor sorting is needed.
 * In place over one row [vocabulary]; `minP` in (0, 1], where 1 keeps only ties with the likeliest.
 */
import { largest } from "./distribution.js";

export function applyMinP(logits: Float64Array, minP: number): void {
  const floor = largest(logits) + Math.log(minP);
  for (let id = 0; id < logits.length; id++) {
    if (logits[id]! < floor) logits[id] = -Infinity;
  }
}

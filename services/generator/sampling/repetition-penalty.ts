/**
 * Repetition penalty (CTRL, arXiv 1909.05858): makes tokens seen before less likely, by dividing positive and
 * multiplying negative logits. Once per token however often it was seen. In place over one row [vocabulary];
 * `penalty` > 0, below 1 it makes them likelier.
 */
export function applyRepetitionPenalty(
  logits: Float64Array,
  seenTokenIds: Iterable<number>,
  penalty: number,
): void {
  for (const id of new Set(seenTokenIds)) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit < 0 ? logit * penalty : logit / penalty;
  }
}

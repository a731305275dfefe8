/**
 * Top-p (nucleus sampling, arXiv 1904.09751): keeps the smallest set of likeliest tokens whose probability reaches `p`;
 * the token that crosses it stays. Of equally likely tokens the lower id goes first.
 * In place over one row [vocabulary]; `p` in (0, 1).
 */
export function applyTopP(logits: Float64Array, p: number): void {
  const { top, total } = mass(logits);
  // All tokens less likely than (1 - p) / V together weigh less than 1 - p: none of them can be in the set. Sorting the
  // few that are left, instead of the vocabulary, is what makes this filter cheap.
  const floor = top + Math.log((total * (1 - p)) / logits.length);
  const candidates: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (logits[id]! >= floor) candidates.push(id);
  }
  candidates.sort((a, b) => logits[b]! - logits[a]! || a - b);

  const kept = new Map<number, number>();
  let before = 0;
  for (const id of candidates) {
    if (before >= p * total) break;
    kept.set(id, logits[id]!);
    before += Math.exp(logits[id]! - top);
  }
  logits.fill(-Infinity);
  for (const [id, logit] of kept) logits[id] = logit;
}

/** The largest logit, and the sum of exp(logit - largest). */
function mass(logits: Float64Array): { readonly top: number; readonly total: number } {
  let top = -Infinity;
  for (const logit of logits) top = Math.max(top, logit);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - top);
  return { top, total };
}

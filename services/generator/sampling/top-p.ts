/**
 * Top-p (nucleus sampling, arXiv 1904.09751): keeps the smallest set of likeliest tokens whose probability reaches `p`;
 * the token that crosses it stays. Of equally likely tokens the lower id goes first.
 * In place over one row [vocabulary]; `p` in (0, 1).
 */
import { largest } from "./distribution.js";

export function applyTopP(logits: Float64Array, p: number): void {
  const top = largest(logits);
  let total = 0;
  for (let id = 0; id < logits.length; id++) total += Math.exp(logits[id]! - top);
  // All tokens less likely than (1 - p) / V together weigh less than 1 - p: none of them can be in the set. Sorting the
  // few that are left, instead of the vocabulary, is what makes this filter cheap.
  const least = top + Math.log((total * (1 - p)) / logits.length);
  const candidates = logits.filter((logit) => logit >= least).sort();

  let kept = 0;
  for (let before = 0; kept < candidates.length && before < p * total; kept++) {
    before += Math.exp(candidates[candidates.length - 1 - kept]! - top);
  }
  const floor = candidates[candidates.length - kept]!;
  let ties = candidates.subarray(candidates.length - kept).lastIndexOf(floor) + 1;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit < floor || (logit === floor && ties-- <= 0)) logits[id] = -Infinity;
  }
}

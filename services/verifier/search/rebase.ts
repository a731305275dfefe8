/**
 * REBASE (Wu et al. 2024, arXiv 2408.00724, section 3.2): of a round's B children candidate i gets a share that is the
 * softmax of R_i / τ. So a good path is sampled more often than a fair one, and only what looks lost gets nothing: between
 * the beam, which keeps equals of the best few, and sampling, which keeps all.
 *
 * B is what has not finished of n: a finished candidate keeps its slot and votes, as in the paper. Candidates with equal
 * texts are one path with the shares of all of them.
 */
import type { StepStrategy } from "./strategy.js";

/**
 * τ, for scores that are probabilities. The authors' code comes with 0.2; on the shipped pair either finds the same (n = 16,
 * 120 problems of levels 3 to 6, seed 4242).
 */
const BALANCE_TEMPERATURE = 0.1;

export const rebase: StepStrategy = {
  name: "rebase",
  scored: true,
  until: "step",
  usesBeamWidth: false,
  groups: (plan) => [plan.n],
  select: (ranked, { slots }) =>
    apportion(
      slots,
      ranked.map(({ value = 0, copies }) => copies * Math.exp(value / BALANCE_TEMPERATURE)),
    ),
};

/**
 * `slots` in proportion to `weights`, by largest remainder; ties go to the first. The paper rounds each share by itself, so
 * that the counts may miss B; its code rounds up from the best candidate down until nothing is left, which takes from the
 * last ones what is theirs. This adds up, and no count is a whole child off its share.
 */
export function apportion(slots: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => (slots * weight) / total);
  const counts = shares.map(Math.floor);
  const left = slots - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = shares
    .map((share, i) => ({ i, remainder: share - counts[i]! }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, left)) counts[i]!++;
  return counts;
}

/**
 * When the votes are decided: Adaptive-Consistency (Aggarwal et al. 2023). With v1 votes for the leading answer and v2 for
 * the next one, the leader's share p among the two has the posterior Beta(1 + v1, 1 + v2); sampling stops when
 * P(p > 1/2) reaches 0.95. A vote that a verifier weighs counts as much as its score, so that doubtful samples, however
 * much they agree, prove less.
 */
import type { Tally } from "../search/vote.js";

export const DECIDED = 0.95;

const POINTS = 1024;

/** P(p > 1/2) for p ~ Beta(1 + first, 1 + second); not negative, not whole in general. By the midpoint rule, to 1e-4. */
export function probabilityOfLead(first: number, second: number): number {
  const peak = first + second === 0 ? 0.5 : first / (first + second);
  // Relative to its peak, so that nothing underflows.
  const logDensity = (p: number): number => term(first, p) + term(second, 1 - p);
  const highest = logDensity(peak);
  let [below, above] = [0, 0];
  for (let i = 0; i < POINTS; i++) {
    const p = (i + 0.5) / (2 * POINTS);
    below += Math.exp(logDensity(p) - highest);
    above += Math.exp(logDensity(p + 0.5) - highest);
  }
  return above / (below + above);
}

/** log of share^count, where 0^0 is 1. */
function term(count: number, share: number): number {
  return count === 0 ? 0 : count * Math.log(share);
}

/** Whether more samples can hardly change the winner. `weigh`: by the scores, which must be worth something. */
export function isDecided(
  { votes, mass }: Pick<Tally, "votes" | "mass">,
  { weigh }: { readonly weigh: boolean },
): boolean {
  const [first = 0, ...others] = votes.map(({ share, count }) => (weigh ? share * mass : count));
  return probabilityOfLead(first, Math.max(0, ...others)) >= DECIDED;
}

/**
 * When the votes are decided: Adaptive-Consistency (Aggarwal et al. 2023). With v1 votes for the leading answer and v2 for
 * the next one, the leader's share p among the two has the posterior Beta(1 + v1, 1 + v2); sampling stops when
 * P(p > 1/2) reaches 0.95.
 */

export const DECIDED = 0.95;

/**
 * P(p > 1/2) for p ~ Beta(1 + first, 1 + second), counts in [0, 500]. For whole numbers this is the chance that of
 * first + second + 1 fair coins at most `first` show heads.
 */
export function probabilityOfLead(first: number, second: number): number {
  const coins = first + second + 1;
  let term = 2 ** -coins;
  let sum = 0;
  for (let heads = 0; heads <= first; heads++) {
    sum += term;
    term *= (coins - heads) / (heads + 1);
  }
  return Math.min(1, sum);
}

/** Whether more samples can hardly change the winner. `counts`: votes per answer, the winner's first. */
export function isDecided(counts: readonly number[]): boolean {
  const [first = 0, ...others] = counts;
  return probabilityOfLead(first, Math.max(0, ...others)) >= DECIDED;
}

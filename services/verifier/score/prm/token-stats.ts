/** What a reader thinks of one token of a step: the PRM's only view of its own logits. */

export interface TokenStats {
  /** Natural log of the probability of the token that came. */
  readonly logProb: number;
  /** Nats of the distribution that predicted it. */
  readonly entropy: number;
}

/** `logits` is one row [vocab] that predicts `tokenId`. Sums in double precision; the row's maximum is taken out first. */
export function tokenStats(logits: ArrayLike<number>, tokenId: number): TokenStats {
  let top = -Infinity;
  for (let id = 0; id < logits.length; id++) if (logits[id]! > top) top = logits[id]!;
  let sum = 0;
  let weighted = 0;
  for (let id = 0; id < logits.length; id++) {
    const shifted = logits[id]! - top;
    const weight = Math.exp(shifted);
    // A token that is forbidden (-Infinity) adds nothing; 0 * -Infinity would be NaN.
    if (weight > 0) weighted += weight * shifted;
    sum += weight;
  }
  const logSum = Math.log(sum);
  return { logProb: logits[tokenId]! - top - logSum, entropy: logSum - weighted / sum };
}

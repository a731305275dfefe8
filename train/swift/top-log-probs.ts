/**
 * What a back end without hidden states or whole logits can give at best: the log-probs of its likeliest tokens. As
 * features they stand in descending order and no longer say which token they belong to; a head over logits knows that.
 */

/** ln p of the `count` likeliest tokens, highest first, of one row of raw logits, into `target` from `at` on. */
export function topLogProbs(
  logits: Float32Array,
  from: number,
  vocabulary: number,
  count: number,
  target: Float32Array,
  at: number,
): void {
  const row = logits.slice(from, from + vocabulary).sort();
  const largest = row[vocabulary - 1]!;
  let sum = 0;
  for (let i = 0; i < vocabulary; i++) sum += Math.exp(row[i]! - largest);
  const normalizer = largest + Math.log(sum);
  for (let i = 0; i < count; i++) target[at + i] = row[vocabulary - 1 - i]! - normalizer;
}

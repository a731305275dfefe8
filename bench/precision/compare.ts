/**
 * One model's predictions of a text against another's, token by token: loss, whether both would say the same, and how
 * far apart their distributions are.
 */

/** Sums over the predicted tokens of a document; in nats. */
export interface Comparison {
  readonly tokens: number;
  /** -log q(token) summed. */
  readonly nll: number;
  /** Tokens at which both models hold the same id for the likeliest. */
  readonly agreements: number;
  /** KL(reference || model) = Σ p (log p - log q), summed. */
  readonly kl: number;
}

/** The reference's logits [tokens, vocabulary] with what every comparison needs of them. */
export interface ReferenceLogits {
  readonly logits: Float32Array;
  /** Per row. */
  readonly best: readonly number[];
  readonly logTotals: readonly number[];
  readonly nll: number;
}

/** Row t predicts `ids[t + 1]`; the row after the last id predicts nothing that is known. */
export function toReference(logits: Float32Array, ids: readonly number[]): ReferenceLogits {
  const width = logits.length / ids.length;
  const best: number[] = [];
  const logTotals: number[] = [];
  let nll = 0;
  for (let row = 0; row + 1 < ids.length; row++) {
    const line = logits.subarray(row * width, (row + 1) * width);
    const top = argmax(line);
    const logTotal = logSumExp(line, line[top]!);
    best.push(top);
    logTotals.push(logTotal);
    nll += logTotal - line[ids[row + 1]!]!;
  }
  return { logits, best, logTotals, nll };
}

/** `logits` of the same ids by another model. */
export function compare(
  reference: ReferenceLogits,
  logits: Float32Array,
  ids: readonly number[],
): Comparison {
  const width = logits.length / ids.length;
  let [nll, agreements, kl] = [0, 0, 0];
  for (const [row, referenceTotal] of reference.logTotals.entries()) {
    const line = logits.subarray(row * width, (row + 1) * width);
    const expected = reference.logits.subarray(row * width, (row + 1) * width);
    const top = argmax(line);
    const total = logSumExp(line, line[top]!);
    nll += total - line[ids[row + 1]!]!;
    if (top === reference.best[row]) agreements++;
    kl += divergence(expected, referenceTotal, line, total);
  }
  return { tokens: reference.logTotals.length, nll, agreements, kl };
}

/** Σ p (log p - log q) for p and q given as logits and the logarithms of their totals. */
function divergence(
  expected: Float32Array,
  expectedTotal: number,
  line: Float32Array,
  total: number,
): number {
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    const logP = expected[i]! - expectedTotal;
    // A probability below e^-40 adds nothing that a double of this sum would hold.
    if (logP > -40) sum += Math.exp(logP) * (logP - (line[i]! - total));
  }
  return sum;
}

/** Of equal ones the first. */
function argmax(line: Float32Array): number {
  let best = 0;
  for (let i = 1; i < line.length; i++) if (line[i]! > line[best]!) best = i;
  return best;
}

function logSumExp(line: Float32Array, top: number): number {
  let total = 0;
  for (let i = 0; i < line.length; i++) total += Math.exp(line[i]! - top);
  return top + Math.log(total);
}

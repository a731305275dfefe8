/**
 * What every engine in the comparison must be able to do, so that one piece of code gives all of them the same work:
 * run a prompt, decode rows that continue it token by token, and let rows become copies of others.
 */

/** Rows of one prompt that decode together. */
export interface Rows {
  /** One token of each row, in the order of the rows; resolves to the likeliest next token of each. */
  step(tokenIds: readonly number[]): Promise<readonly number[]>;
  /** Row i becomes a copy of what row `parents[i]` is now; as many rows as before. */
  fork(parents: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

export interface Contestant {
  /** How it is driven, in words: options that were chosen for it. */
  readonly settings: string;
  /** Versions of what runs. */
  readonly versions: Readonly<Record<string, string>>;
  /** Whatever must be allocated before `rows` rows of so many tokens each can run. Never timed. */
  prepare(rows: number, tokens: number): Promise<void>;
  /** Runs a prompt that is not in any cache; resolves to the likeliest next token. */
  prefill(prompt: readonly number[]): Promise<number>;
  /** Runs a prompt as `prefill` does and makes rows that continue it. */
  open(prompt: readonly number[], rows: number): Promise<Rows>;
  dispose(): Promise<void>;
}

/** Index of the largest of `logits[from, from + length)`, relative to `from`; the lower of equal ones. */
export function argmax(logits: Float32Array, from = 0, length = logits.length): number {
  let best = 0;
  let largest = -Infinity;
  for (let i = 0; i < length; i++) {
    const value = logits[from + i]!;
    if (value > largest) {
      largest = value;
      best = i;
    }
  }
  return best;
}

/** The hidden states of a step's tokens as they come, rounded to binary16, as far as they fit in an event. */
import { narrowHalf } from "#shared/half.js";

/** Of one step: a message with as much is taken by gRPC clients that were not told to take larger ones (4 MiB). */
export const MAX_STATE_BYTES = 3 * 2 ** 20;

export class StateRecord {
  readonly #tokens: Uint16Array[] = [];
  readonly #maxTokens: number;

  /** @param width numbers in all hidden states of a token */
  constructor(width: number) {
    this.#maxTokens = Math.floor(MAX_STATE_BYTES / (width * Uint16Array.BYTES_PER_ELEMENT));
  }

  /** Whether the next token's states are wanted. */
  get hasRoom(): boolean {
    return this.#tokens.length < this.#maxTokens;
  }

  push(states: Float32Array): void {
    const halves = new Uint16Array(states.length);
    narrowHalf(states, halves);
    this.#tokens.push(halves);
  }

  /** [tokens, width] */
  values(): Uint16Array {
    const width = this.#tokens[0]?.length ?? 0;
    const values = new Uint16Array(this.#tokens.length * width);
    for (const [token, states] of this.#tokens.entries()) values.set(states, token * width);
    return values;
  }
}

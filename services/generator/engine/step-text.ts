/**
 * The text of one step as its tokens come, and when it is over: once the delimiter stands in it (within one token or
 * over several; it is kept), or a stop string, which may have begun in the steps before.
 */
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";

export interface StepTextOptions {
  readonly tokenizer: Pick<Tokenizer, "createTextDecoder">;
  /** The path's tokens before this step, prompt included: what its first characters may depend on. */
  readonly contextTokenIds: readonly number[];
  /** The end of the generated text before this step, as long as a stop string can be. */
  readonly textBefore: string;
  readonly delimiter: string;
  readonly stop: readonly string[];
}

export class StepText {
  readonly #decoder: ReturnType<Tokenizer["createTextDecoder"]>;
  readonly #options: StepTextOptions;
  #text = "";

  constructor(options: StepTextOptions) {
    this.#options = options;
    this.#decoder = options.tokenizer.createTextDecoder(options.contextTokenIds);
  }

  /** Adds a token. A stop string wins over the delimiter. */
  push(tokenId: number): "step" | "stop" | undefined {
    const length = this.#text.length;
    this.#text += this.#decoder.push(tokenId);
    if (this.#text.length === length) return undefined;
    const { stop, delimiter, textBefore } = this.#options;
    if (stop.some((end) => appears(end, textBefore + this.#text, textBefore.length + length))) return "stop";
    return appears(delimiter, this.#text, length) ? "step" : undefined;
  }

  /** All of it; an unfinished character at its end becomes U+FFFD. The step is over. */
  finish(): string {
    this.#text += this.#decoder.flush();
    return this.#text;
  }
}

/** Whether `wanted` stands in `text` and reaches beyond `seen`, the length that was searched before. */
function appears(wanted: string, text: string, seen: number): boolean {
  return text.indexOf(wanted, Math.max(0, seen - wanted.length + 1)) >= 0;
}

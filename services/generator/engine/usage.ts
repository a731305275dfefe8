/** What a session cost. */
import type { LanguageModelInfo } from "#shared/lm/types.js";
import type { SessionUsage } from "./types.js";

export class UsageMeter {
  readonly #model: LanguageModelInfo;
  readonly #promptTokens: number;
  readonly #cachedPromptTokens: number;
  #generatedTokens = 0;
  #cancelledTokens = 0;
  #runTokens = 0;
  #placedTokens = 0;
  #flops = 0;

  /** Of the prompt's tokens, those that were not cached were run. */
  constructor(model: LanguageModelInfo, promptTokens: number, cachedPromptTokens: number) {
    this.#model = model;
    this.#promptTokens = promptTokens;
    this.#cachedPromptTokens = cachedPromptTokens;
    this.ran(promptTokens - cachedPromptTokens, cachedPromptTokens);
    this.placed(promptTokens - cachedPromptTokens);
  }

  /** Tokens went through the model after `contextTokens` others. */
  ran(tokens: number, contextTokens: number): void {
    this.#runTokens += tokens;
    this.#flops += flopsOf(this.#model, tokens, contextTokens);
  }

  /** Tokens that have their place in the tree now and had been run for it; what else was run was run again. */
  placed(tokens: number): void {
    this.#placedTokens += tokens;
  }

  sampled(tokens: number): void {
    this.#generatedTokens += tokens;
  }

  cancelled(tokens: number): void {
    this.#cancelledTokens += tokens;
  }

  total(): SessionUsage {
    return {
      promptTokens: this.#promptTokens,
      cachedPromptTokens: this.#cachedPromptTokens,
      generatedTokens: this.#generatedTokens,
      cancelledTokens: this.#cancelledTokens,
      reprefilledTokens: this.#runTokens - this.#placedTokens,
      flops: this.#flops,
    };
  }
}

/**
 * Operations of `tokens` consecutive tokens after `contextTokens` others: 2 per weight, and for attention 4 per layer,
 * channel and attended position (scores and values, a multiplication and an addition each); a token attends itself.
 */
export function flopsOf(model: LanguageModelInfo, tokens: number, contextTokens: number): number {
  const attendedPositions = tokens * contextTokens + (tokens * (tokens + 1)) / 2;
  const attention = 4 * (model.hiddenStateCount - 1) * model.hiddenSize * attendedPositions;
  return tokens * model.flopsPerToken + attention;
}

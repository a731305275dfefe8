import type { Checkpoint } from "#shared/lm/checkpoint/load.js";

/** The reader's tokenizer and template. */
export interface PrmTokenizer {
  /** A problem as the reader's prompt, ready for the first step. */
  encodePrompt(problem: string): readonly number[];
  /** A step on its own, no special tokens. */
  encodeStep(text: string): readonly number[];
  /** The text of each token on its own. */
  pieces(tokenIds: readonly number[]): readonly string[];
}

/**
 * How a PRM's reader is fed, in training and in service: the problem as the user's turn of its chat template (as plain
 * text without one), then each step's own text. Steps are tokenized one by one, so that a path's tokens never change
 * when it is continued.
 */
export function createPrmTokenizer({
  tokenizer,
  chatTemplate,
}: Pick<Checkpoint, "tokenizer" | "chatTemplate">): PrmTokenizer {
  return {
    encodePrompt(problem) {
      if (chatTemplate === undefined) return tokenizer.encode(problem, { addSpecialTokens: true });
      const text = chatTemplate.render([{ role: "user", content: problem }], true);
      return tokenizer.encode(text, { addSpecialTokens: false });
    },
    encodeStep: (text) => tokenizer.encode(text, { addSpecialTokens: false }),
    pieces: (tokenIds) => tokenIds.map((id) => tokenizer.decode([id])),
  };
}

/**
 * Two tokens that stand for a right and a wrong step: the score is the softmax over their two logits, which is the
 * logistic function of their difference. Nothing is left out when a probability is too small to show.
 */
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import type { RowOutput } from "#shared/lm/types.js";
import { ServiceError } from "#shared/errors.js";
import { toScore } from "../../probability.js";

/** `right` and `wrong` are token ids; the output's logits are one row. */
export function pairScore({ logits }: RowOutput, right: number, wrong: number): number {
  return toScore(logits[right]! - logits[wrong]!);
}

/** The last token of a text, as the families name theirs. @throws ServiceError `failed_precondition` without one. */
export function lastToken(tokenizer: Tokenizer, text: string): number {
  const id = tokenizer.encode(text, { addSpecialTokens: false }).at(-1);
  if (id !== undefined) return id;
  throw new ServiceError(
    "failed_precondition",
    `tokenizer.json: must have a token for ${JSON.stringify(text)}`,
    {
      reason: "INVALID_PRM",
    },
  );
}

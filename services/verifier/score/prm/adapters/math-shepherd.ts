/**
 * Math-Shepherd (peiyi9979/math-shepherd-mistral-7b-prm): a Mistral that was trained to write `+` or `-` in the place of
 * a tag behind each step. Plain text: `question step 1 ки⏎step 2 ки⏎...`; the score is the softmax over `+` and `-` at
 * the tag.
 */
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { ServiceError } from "#shared/errors.js";
import { type PrmAdapter, readLast } from "../adapter.js";
import { easyPair } from "./easy-pair.js";
import { createTextEncoder } from "./encode.js";
import { isPrmNamed, missingTokens, type PrmFamily } from "./family.js";
import { lastToken, pairScore } from "./token-pair.js";

/** An ordinary word of the vocabulary (of Cyrillic script), so a text may hold it. */
const TAG = "ки";

export const mathShepherd: PrmFamily = {
  name: "math-shepherd",
  description: 'Mistral with the step tag "ки" (known by "shepherd" and "prm" in its name)',
  matches: (clues) => isPrmNamed(clues, "shepherd"),
  missing: (clues) => missingTokens(clues, ["▁ки", "▁+", "▁-"]),
  selfCheck: easyPair((text, number) => `Step ${number}: ${text}`),
  createAdapter: async ({ tokenizer }) => createAdapter(tokenizer),
};

function createAdapter(tokenizer: Tokenizer): PrmAdapter {
  const tag = lastToken(tokenizer, TAG);
  const [right, wrong] = [lastToken(tokenizer, "+"), lastToken(tokenizer, "-")];
  const encode = createTextEncoder(tokenizer, []);
  const encodeWithoutTag = createTextEncoder(tokenizer, [TAG]);
  const untagged = (text: string, options: { begins?: boolean; continues?: boolean }): number[] => {
    const ids = encode(text, options);
    // The word inside a text would look like the end of a step: then it is written in two pieces.
    const safe = ids.includes(tag) ? encodeWithoutTag(text, options) : ids;
    if (safe.includes(tag))
      throw new ServiceError("invalid_argument", `a text for the PRM must not hold its step tag ${TAG}`, {
        reason: "PRM_MARK_IN_TEXT",
      });
    return safe;
  };
  return {
    family: mathShepherd.name,
    promptWanted: { logits: "none" },
    memoryBytes: 0,
    encodePrompt: (problem) => untagged(problem.trim(), { begins: true }),
    encodeStep(text, first) {
      const words = text.trim();
      if (words === "") return [];
      return [...untagged(`${first ? " " : "\n"}${words}`, { continues: true }), tag];
    },
    stepWanted: (last) => ({ logits: last ? "last" : "none" }),
    begin: () => readLast((output) => pairScore(output, right, wrong)),
  };
}

/** What the PRM's reader thinks of a whole solution: the features of each step, by one pass over the text. */
import type { LanguageModel } from "#shared/lm/types.js";
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import { EMPTY_PATH, extendPath, resultStart, stepFeatures } from "#verifier/score/prm/features.js";
import { type TokenStats, tokenStats } from "#verifier/score/prm/token-stats.js";

export interface ReadStep {
  /** [FEATURE_COUNT] */
  readonly features: Float64Array;
  /** Sum of the log-probabilities of the solution up to and with this step. */
  readonly pathSumLogProb: number;
}

export interface Reader {
  readonly model: LanguageModel;
  readonly checkpoint: Checkpoint;
}

/** One entry per step. */
export async function readSolution(
  reader: Reader,
  promptIds: readonly number[],
  steps: readonly string[],
): Promise<ReadStep[]> {
  const { model, checkpoint } = reader;
  const { tokenizer } = checkpoint;
  const encoded = steps.map((step) => tokenizer.encode(step, { addSpecialTokens: false }));
  const all = [...promptIds, ...encoded.flat()];
  const { output } = await model.prefill(all, { logits: "all" });
  const vocabulary = model.info.vocabularySize;
  // The row that predicts token i is the one after token i - 1.
  const stats = (index: number): TokenStats =>
    tokenStats(output.logits.subarray((index - 1) * vocabulary, index * vocabulary), all[index]!);
  let at = promptIds.length;
  let path = EMPTY_PATH;
  return encoded.map((ids) => {
    const tokens = ids.map((_, i) => stats(at + i));
    at += ids.length;
    path = extendPath(path, tokens);
    const pieces = ids.map((id) => tokenizer.decode([id]));
    return { features: stepFeatures(tokens, resultStart(pieces), path), pathSumLogProb: path.sumLogProb };
  });
}

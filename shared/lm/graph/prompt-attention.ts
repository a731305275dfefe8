/**
 * Attention for a chunk of a prompt, which is one row alone: its earlier tokens are the suffix, there is no prefix. One
 * fused operator makes one pass over the scores where the general form, which has to put three parts together, makes
 * five; of a prompt's chunks the scores are the largest thing there is. It rounds otherwise than the general form, so
 * which of the two runs must follow from what a run is for, never from who else is there: prompts take this one, rows
 * of a batch the other, even a single one.
 */
import type { ModelConfig } from "../checkpoint/config.js";
import type { AttentionContext, KeysAndValues, RotatedHeads } from "./attention-context.js";
import type { Value } from "./builder.js";

/** The operator takes whole vectors of eight; prompts of other models take the general form. */
export const canAttendPrompt = ({ headDim }: ModelConfig): boolean => headDim % 8 === 0;

/** The mixed values [S, heads headDim]. */
export function attendPrompt(
  { graph, config, prompt, window }: AttentionContext,
  { queries, keys, values }: RotatedHeads,
  past: KeysAndValues,
): Value {
  const { numHeads, numKvHeads, headDim, differences } = config;
  // [1, S, heads headDim] from [kvHeads, S, -1].
  const byToken = (value: Value, width: number): Value => {
    const byHead = graph.reshape(value, [numKvHeads, -1, width]);
    return graph.reshape(graph.transpose(byHead, [1, 0, 2]), [1, -1, numKvHeads * width]);
  };
  const cache = (value: Value): Value => graph.reshape(value, [1, numKvHeads, -1, headDim]);
  const inputs = [
    byToken(queries, (numHeads / numKvHeads) * headDim),
    byToken(keys, headDim),
    byToken(values, headDim),
    cache(past.keys),
    cache(past.values),
    prompt.lastPosition,
    prompt.tokenCount,
  ];
  // Without its other outputs the operator would ignore the past.
  const [mixed] = graph.ops("GroupQueryAttention", inputs, 3, {
    num_heads: numHeads,
    kv_num_heads: numKvHeads,
    scale: { float: differences?.attentionScale ?? headDim ** -0.5 },
    ...(differences?.attentionSoftcap !== undefined && { softcap: { float: differences.attentionSoftcap } }),
    ...(window !== undefined && { local_window_size: window }),
  });
  return graph.reshape(mixed!, [-1, numHeads * headDim]);
}

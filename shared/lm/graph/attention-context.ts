/** What the layers' attention shares: run-time shapes, masks, rotary tables. */
import type { ModelConfig } from "../checkpoint/config.js";
import type { GraphBuilder, Value } from "./builder.js";

/** Tokens of prefix and suffix that the blockwise form mixes at a time; divides P and C. */
const BLOCK = 64;

/** Run-time shapes, computed once per run. q = query heads of a key/value head. */
export interface AttentionShapes {
  /** [prompts, -1, kvHeads, (q + 2) headDim] */
  readonly projected: Value;
  /** [prompts, kvHeads, -1, headDim] */
  readonly byPrompt: Value;
  /** [prompts, kvHeads, rows, -1, headDim] */
  readonly byRow: Value;
  /** [prompts, kvHeads, rows, S q, P] */
  readonly rowScores: Value;
  /** [prompts, kvHeads, rows S q, P] */
  readonly promptScores: Value;
  /** [prompts, kvHeads, -1, q headDim] */
  readonly joined: Value;
  /** [P, C, S] */
  readonly parts: Value;
  /** Only in the blockwise form. */
  readonly prefixBlocks?: BlockShapes;
  readonly suffixBlocks?: BlockShapes;
}

/** Shapes of one part cut in blocks; r rows of n queries are 1 and rows S q for the prefix, rows and S q otherwise. */
export interface BlockShapes {
  /** [prompts, kvHeads, r, n, blocks, BLOCK] */
  readonly weights: Value;
  /** [prompts, kvHeads, r, blocks, BLOCK, headDim] */
  readonly values: Value;
  /** [prompts, kvHeads, r, blocks, n headDim] */
  readonly mixed: Value;
  /** [1, blocks] of 2 */
  readonly twos: Value;
}

/** Emits the shapes from the graph's input `dims` (see `decoder.ts`). */
export function attentionShapes(
  graph: GraphBuilder,
  config: ModelConfig,
  dims: Value,
  blockwise: boolean,
): AttentionShapes {
  const { numKvHeads, headDim } = config;
  const queries = config.numHeads / config.numKvHeads;
  const sizes = graph.ops("Split", [dims, graph.int([1, 1, 1, 1, 1, 1, 1])], 7, { axis: 0 });
  const [prompts, rows, rowQueries, promptQueries, prefix, suffix, fresh] = sizes as Tuple7;
  const shape = (...parts: (Value | number)[]): Value => concatSizes(graph, parts);
  const blocks = (r: Value, n: Value, length: Value): BlockShapes => {
    const count = graph.op("Div", [length, graph.int([BLOCK])]);
    const width = graph.op("Mul", [n, graph.int([headDim])]);
    return {
      weights: shape(prompts, numKvHeads, r, n, count, BLOCK),
      values: shape(prompts, numKvHeads, r, count, BLOCK, headDim),
      mixed: shape(prompts, numKvHeads, r, count, width),
      twos: graph.op("Expand", [graph.float(2), shape(1, count)]),
    };
  };
  return {
    projected: shape(prompts, -1, numKvHeads, (queries + 2) * headDim),
    byPrompt: shape(prompts, numKvHeads, -1, headDim),
    byRow: shape(prompts, numKvHeads, rows, -1, headDim),
    rowScores: shape(prompts, numKvHeads, rows, rowQueries, prefix),
    promptScores: shape(prompts, numKvHeads, promptQueries, prefix),
    joined: shape(prompts, numKvHeads, -1, queries * headDim),
    parts: shape(prefix, suffix, fresh),
    ...(blockwise && {
      prefixBlocks: blocks(graph.int([1]), promptQueries, prefix),
      suffixBlocks: blocks(rows, rowQueries, suffix),
    }),
  };
}

type Tuple7 = [Value, Value, Value, Value, Value, Value, Value];

function concatSizes(graph: GraphBuilder, parts: readonly (Value | number)[]): Value {
  const values = parts.map((part) => (typeof part === "number" ? graph.int([part]) : part));
  return graph.op("Concat", values, { axis: 0 });
}

/** Keys and values of one part. */
export interface KeysAndValues {
  readonly keys: Value;
  readonly values: Value;
}

/** Queries [tokens, 1, q headDim] in the order prompt, kvHead, row, token; keys and values by row. */
export interface RotatedHeads extends KeysAndValues {
  readonly queries: Value;
}

/** Inputs for a run that is a chunk of a prompt; something in any other run. */
export interface PromptInputs {
  /** bool [1]: whether it is one. */
  readonly alone: Value;
  /** int32 [1]: tokens of the prompt up to the end of the chunk, less one. */
  readonly lastPosition: Value;
  /** int32 scalar: the same tokens. */
  readonly tokenCount: Value;
}

/** Emits them. */
export function promptInputs(graph: GraphBuilder): PromptInputs {
  return {
    alone: graph.input("prompt", "bool", [1]),
    lastPosition: graph.input("prompt_last_position", "int32", [1]),
    tokenCount: graph.input("prompt_tokens", "int32", []),
  };
}

/** What the attention of all layers of a kind shares. */
export interface AttentionContext {
  readonly graph: GraphBuilder;
  readonly config: ModelConfig;
  readonly shapes: AttentionShapes;
  /** int64 [prompts * kvHeads * rows * S, 1] */
  readonly positions: Value;
  readonly cos: Value;
  readonly sin: Value;
  readonly prompt: PromptInputs;
  /** The last so many tokens are seen; undefined: all. */
  readonly window?: number;
  /** [prompts, 1, rows, S q, P + C + S]: 0 where a query may look, -infinity elsewhere. */
  readonly mask: Value;
}

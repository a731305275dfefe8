/**
 * Attention for search: keys and values of a prompt exist once for all rows that continue it, each row has its own
 * beyond it, and a step adds new ones. One softmax runs over the three parts:
 *
 *     prefix  [prompts, kvHeads, P, headDim]               shared by the rows of a prompt
 *     suffix  [prompts, kvHeads, rows, C, headDim]         a row's own tokens, padded to C
 *     new     [prompts, kvHeads, rows, S, headDim]         computed here
 *
 * Rows do not see each other, bit for bit: P and C are multiples of 64 and padding is masked, so it adds exact zeros in
 * whole vectors of every sum (the softmax's, the products'), whose order does not change with their number. Two things
 * about ONNX Runtime's products have to be avoided for it:
 * - A factor of 1 takes another kernel, which rounds otherwise, when there is one row only. No factor here is 1;
 *   CONTEXT_SCALE is undone in the output projection.
 * - Sums longer than 128 are cut in blocks by the width of the result, and threads that outnumber the products of a
 *   batch divide that width. With more threads than key/value heads the `blockwise` form is needed, which cuts the sums
 *   over tokens itself. Those over larger heads are always cut here, and steps above 128 excluded (`MAX_SUM`).
 *
 * A window is a mask: keys and values of all tokens are kept, those outside it get exact zeros.
 */
import type { ModelConfig } from "../checkpoint/config.js";
import type { GraphBuilder, Value } from "./builder.js";

/** The longest sum that one product takes in one piece, whatever its width. */
export const MAX_SUM = 128;

/** Tokens of prefix and suffix that the blockwise form mixes at a time; divides P and C. */
const BLOCK = 64;

/** What a layer's mixed values are multiplied with. */
export const CONTEXT_SCALE = 0.5;

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
interface BlockShapes {
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

/** What the attention of all layers of a kind shares. */
export interface AttentionContext {
  readonly graph: GraphBuilder;
  readonly config: ModelConfig;
  readonly shapes: AttentionShapes;
  /** int64 [prompts * kvHeads * rows * S, 1] */
  readonly positions: Value;
  readonly cos: Value;
  readonly sin: Value;
  /** [prompts, 1, rows, S q, P + C + S]: 0 where a query may look, -infinity elsewhere. */
  readonly mask: Value;
}

/**
 * From the stacked projection [tokens, kvHeads (q + 2) headDim] (queries, key and value of each key/value head side by
 * side) to the mixed values [tokens, heads headDim], times CONTEXT_SCALE, and the step's new keys and values. Queries
 * and keys are normed where there is a `headNorm` [q + 1, headDim]: the weights of each query head and of the key.
 */
export function attend(
  context: AttentionContext,
  projection: Value,
  prefix: KeysAndValues,
  suffix: KeysAndValues,
  headNorm?: Value,
): { mixed: Value; fresh: KeysAndValues } {
  const { graph, config, shapes } = context;
  const { queries, keys, values } = rotatedHeads(context, projection, headNorm);
  const reshape = (value: Value, shape: Value): Value =>
    graph.op("Reshape", [value, shape], { allowzero: 1 });

  const fromPrompt = score(context, reshape(queries, shapes.byPrompt), prefix.keys);
  const own = reshape(queries, shapes.byRow);
  const parts = [
    reshape(fromPrompt, shapes.rowScores),
    score(context, own, suffix.keys),
    score(context, own, keys),
  ];
  const scores = softcap(
    graph,
    graph.op("Concat", parts, { axis: -1 }),
    config.differences?.attentionSoftcap,
  );
  const weights = graph.op("Softmax", [graph.op("Add", [scores, context.mask])], { axis: -1 });
  const [onPrefix, onSuffix, onNew] = graph.ops("Split", [weights, shapes.parts], 3, { axis: -1 });

  const fromPrefix = shapes.prefixBlocks
    ? mixBlocks(context, onPrefix!, prefix.values, shapes.prefixBlocks)
    : reshape(mix(graph, reshape(onPrefix!, shapes.promptScores), prefix.values), shapes.byRow);
  const fromSuffix = shapes.suffixBlocks
    ? mixBlocks(context, onSuffix!, suffix.values, shapes.suffixBlocks)
    : mix(graph, onSuffix!, suffix.values);
  const sum = graph.op("Sum", [fromPrefix, fromSuffix, mix(graph, onNew!, values)]);
  const byToken = graph.transpose(reshape(sum, shapes.joined), [0, 2, 1, 3]);
  return {
    mixed: graph.reshape(byToken, [-1, config.numHeads * config.headDim]),
    fresh: { keys, values },
  };
}

/** q · k, scaled. Heads larger than MAX_SUM are cut, and the pieces' products added up in order. */
function score({ graph, config }: AttentionContext, queries: Value, keys: Value): Value {
  const { headDim, differences } = config;
  const scale = differences?.attentionScale ?? headDim ** -0.5;
  const halved = scale === 1;
  const attributes = { transB: 1, alpha: { float: halved ? 0.5 : scale } };
  const multiply = (a: Value, b: Value): Value => graph.op("FusedMatMul", [a, b], attributes);
  const count = Math.ceil(headDim / MAX_SUM);
  const pieces = Array.from({ length: count }, (_, i) => Math.min(MAX_SUM, headDim - i * MAX_SUM));
  const cut = (value: Value): Value[] =>
    count === 1 ? [value] : graph.ops("Split", [value, graph.int(pieces)], count, { axis: -1 });
  const [a, b] = [cut(queries), cut(keys)];
  const sum = a
    .map((piece, i) => multiply(piece, b[i]!))
    .reduce((total, product) => graph.op("Add", [total, product]));
  return halved ? graph.op("Mul", [sum, graph.float(2)]) : sum;
}

/** cap · tanh(x / cap) (Bello et al. 2016; Gemma 2); x itself without a cap. */
export function softcap(graph: GraphBuilder, x: Value, cap: number | undefined): Value {
  if (cap === undefined) return x;
  const bounded = graph.op("Tanh", [graph.op("Div", [x, graph.float(cap)])]);
  return graph.op("Mul", [bounded, graph.float(cap)]);
}

function mix(graph: GraphBuilder, weights: Value, values: Value): Value {
  return graph.op("FusedMatMul", [weights, values], { alpha: { float: CONTEXT_SCALE } });
}

/**
 * The same product in blocks of tokens, and the blocks' results added up one after another, whatever their number: a
 * product with a vector of equal elements has that order, a ReduceSum has not.
 */
function mixBlocks(context: AttentionContext, weights: Value, values: Value, shapes: BlockShapes): Value {
  const { graph } = context;
  const reshape = (value: Value, shape: Value): Value =>
    graph.op("Reshape", [value, shape], { allowzero: 1 });
  const blocks = graph.transpose(reshape(weights, shapes.weights), [0, 1, 2, 4, 3, 5]);
  const mixed = mix(graph, blocks, reshape(values, shapes.values));
  const sum = graph.op("FusedMatMul", [shapes.twos, reshape(mixed, shapes.mixed)], { alpha: { float: 0.5 } });
  return reshape(sum, context.shapes.byRow);
}

/** Queries [tokens, 1, q headDim] in the order prompt, kvHead, row, token; keys and values by row. */
function rotatedHeads(
  context: AttentionContext,
  projection: Value,
  headNorm: Value | undefined,
): { queries: Value } & KeysAndValues {
  const { graph, config, shapes, positions, cos, sin } = context;
  const { headDim } = config;
  const queries = config.numHeads / config.numKvHeads;
  const reshape = (value: Value, shape: Value): Value =>
    graph.op("Reshape", [value, shape], { allowzero: 1 });
  const heads = graph.transpose(reshape(projection, shapes.projected), [0, 2, 1, 3]);
  const sizes = graph.int([(queries + 1) * headDim, headDim]);
  const [rotating, values] = graph.ops("Split", [heads, sizes], 2, { axis: -1 });
  const normed = headNorm === undefined ? rotating! : normHeads(context, rotating!, headNorm);
  // One token per "sequence": the operator refuses sequences longer than its tables.
  const single = graph.reshape(normed, [-1, 1, (queries + 1) * headDim]);
  const rotated = graph.op("RotaryEmbedding", [single, positions, cos, sin], {
    interleaved: 0,
    num_heads: queries + 1,
    rotary_embedding_dim: 0,
  });
  const [query, key] = graph.ops("Split", [rotated, graph.int([queries * headDim, headDim])], 2, {
    axis: -1,
  });
  return {
    queries: query!,
    keys: reshape(key!, shapes.byRow),
    values: reshape(values!, shapes.byRow),
  };
}

/** Each query and key by its own root mean square, over [..., (q + 1) headDim]. */
function normHeads({ graph, config }: AttentionContext, rotating: Value, weights: Value): Value {
  const { headDim } = config;
  const heads = graph.reshape(rotating, [-1, config.numHeads / config.numKvHeads + 1, headDim]);
  const ones = graph.float(Array.from({ length: headDim }, () => 1));
  const epsilon = { float: config.rmsNormEps };
  const normed = graph.op("SimplifiedLayerNormalization", [heads, ones], { axis: -1, epsilon });
  return graph.op("Mul", [normed, weights]);
}

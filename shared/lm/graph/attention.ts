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
 *
 * A prompt on its way in is one row without a prefix, and alone by construction (`prompt-attention.ts`).
 */
import type { AttentionContext, BlockShapes, KeysAndValues, RotatedHeads } from "./attention-context.js";
import type { GraphBuilder, Value } from "./builder.js";
import { attendPrompt, canAttendPrompt } from "./prompt-attention.js";

/** The longest sum that one product takes in one piece, whatever its width. */
export const MAX_SUM = 128;

/** What a layer's mixed values are multiplied with. */
export const CONTEXT_SCALE = 0.5;

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
  const heads = rotatedHeads(context, projection, headNorm);
  const { graph } = context;
  const byRows = (): Value => attendRows(context, heads, prefix, suffix);
  const mixed = canAttendPrompt(context.config)
    ? graph.choose(
        context.prompt.alone,
        () => graph.op("Mul", [attendPrompt(context, heads, suffix), graph.float(CONTEXT_SCALE)]),
        byRows,
      )
    : byRows();
  return { mixed, fresh: { keys: heads.keys, values: heads.values } };
}

/** Any number of rows of any number of prompts, as the head of this file says. */
function attendRows(
  context: AttentionContext,
  { queries, keys, values }: RotatedHeads,
  prefix: KeysAndValues,
  suffix: KeysAndValues,
): Value {
  const { graph, config, shapes } = context;
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
  return graph.reshape(byToken, [-1, config.numHeads * config.headDim]);
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

function rotatedHeads(
  context: AttentionContext,
  projection: Value,
  headNorm: Value | undefined,
): RotatedHeads {
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

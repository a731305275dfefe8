/** What leaves the decoder's graph beside keys, values and logits: summaries of logits, and outputs of linear probes. */
import type { GraphBuilder, Value } from "./builder.js";

/**
 * Outputs of one probe in the graph. A product of fixed width rounds the same however many probes there are.
 */
export const PROBE_WIDTH = 16;

/** Tokens that a summary of logits lists. */
export const TOP_TOKENS = 64;

/**
 * Ids of one block of a summary's sums. Blocks of whole vectors, and two at least: the order in which ONNX Runtime adds
 * up a line depends on where in memory it begins, and on whether it is the only one.
 */
export const SUMMARY_BLOCK = 256;
export const summaryBlocks = (vocabSize: number): number => Math.max(2, Math.ceil(vocabSize / SUMMARY_BLOCK));

/** TensorProto.DataType of ONNX. */
const FLOAT = 1;

/** What a row of logits comes to (`LogitSummary`): the likeliest tokens, and sums by block. */
export function emitSummary(graph: GraphBuilder, logits: Value, vocabSize: number): void {
  const inverseTemperatures = graph.input("inverse_temperatures", "float32", ["logit_rows", 1, 1]);
  const count = Math.min(TOP_TOKENS, vocabSize);
  const [topLogits, topIds] = graph.ops("TopK", [logits, graph.int([count])], 2, { axis: -1 });
  const largest = graph.op("Gather", [topLogits!, graph.int([0])], { axis: 1 });
  const blocks = summaryBlocks(vocabSize);
  const padding = blocks * SUMMARY_BLOCK - vocabSize;
  const exact = graph.op("Sub", [logits, largest]);
  // What is put behind a vocabulary of another length has no weight.
  const padded =
    padding === 0 ? exact : graph.op("Pad", [exact, graph.int([0, 0, 0, padding]), graph.float(-1000)]);
  const distance = graph.reshape(padded, [-1, blocks, SUMMARY_BLOCK]);
  const weight = graph.op("Exp", [distance]);
  const scaled = graph.op("Exp", [graph.op("Mul", [distance, inverseTemperatures])]);
  const sums = [weight, graph.op("Mul", [weight, distance]), scaled].map((values) =>
    graph.op("ReduceSum", [values, graph.int([-1])], { keepdims: 0 }),
  );
  graph.output("top_logits", topLogits!, "float32", ["logit_rows", count]);
  // Every output has one type; ids are below 2^24, so float32 holds them.
  graph.output("top_ids", graph.op("Cast", [topIds!], { to: FLOAT }), "float32", ["logit_rows", count]);
  const byRow = graph.op("Concat", sums, { axis: 1 });
  graph.output("block_sums", byRow, "float32", ["logit_rows", 3 * blocks]);
}

/** A product of `rows` [n, width] with probes that the caller gives, PROBE_WIDTH outputs each. */
export function emitProbe(
  graph: GraphBuilder,
  name: string,
  rows: Value,
  rowsDim: string,
  width: number,
): void {
  const blocks = `${name}s`;
  const weights = graph.input(blocks, "float32", [blocks, PROBE_WIDTH, width]);
  // alpha is not 1 for the reason given in attention.ts; the caller's weights are doubled.
  const outputs = graph.op("FusedMatMul", [rows, weights], { transB: 1, alpha: { float: 0.5 } });
  graph.output(name, outputs, "float32", [blocks, rowsDim, PROBE_WIDTH]);
}

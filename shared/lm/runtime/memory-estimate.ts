/** What a model takes in memory for a stated load, from its configuration alone. */
import type { ModelConfig } from "../checkpoint/config.js";
import { buildDecoder } from "../graph/decoder.js";
import type { Precision } from "../types.js";
import { PREFILL_CHUNK } from "./chunks.js";
import { KV_BUCKET, kvBytesPerToken, roundUpToBucket } from "./kv-block.js";

/** Candidates of one prompt that run together. */
export interface MemoryLoad {
  readonly candidates: number;
  readonly promptTokens: number;
  /** Of each candidate. */
  readonly newTokens: number;
}

export interface MemoryEstimate {
  readonly precision: Precision;
  readonly weightBytes: number;
  readonly kvBytesPerToken: number;
  /** The prompt's keys and values, the candidates', and the logits that open nodes keep. */
  readonly kvBytes: number;
  readonly activationBytes: number;
  /** Of the process before any model is there. */
  readonly processBytes: number;
  readonly totalBytes: number;
}

const FLOAT_BYTES = 4;
/** ONNX Runtime's arena grows by powers of two. */
const ARENA_SLACK = 2;
/** Node, ONNX Runtime and a tokenizer; measured. */
const PROCESS_BYTES = 150e6;

/**
 * With L layers, H hidden size, I intermediate size, V vocabulary, heads query heads, kv key/value heads, D head size;
 * n candidates, P prompt tokens, C new tokens of each; [x] is x rounded up to a multiple of 64:
 *
 *     weights      the data file of the graph, to the byte; fp32 with a tied head V H more, which the product repacks
 *     K/V          a token takes 2 L kv D floats; the prompt once [P], a slot of [C] for every candidate and, while it
 *                  grows to that, the one of [C] - 64 before it, and C for the steps of each that the tree holds; V
 *                  floats for a candidate that keeps its logits
 *     activations  of the larger of a prompt's chunk (at most 128 tokens, K = [P] keys) and a step of n tokens
 *                  (K = [P] + [C]): per token 2 H + the wider of attention, 2 (heads + 2 kv) D + (2 heads + q + 1) K with
 *                  q = heads / kv, and feed-forward, 3 I; new keys and values inside the graph and copied out, 4 L kv D;
 *                  logits of n rows twice; all of it times 2 for the arena
 *
 * SmolLM2-135M on Linux, peak resident memory: 16 candidates of 512 tokens after 512 at int4 1.40 GB (estimate 1.50), 8 of
 * 256 after 300 at fp32 1.06 GB (1.11).
 */
export function estimateMemory(config: ModelConfig, precision: Precision, load: MemoryLoad): MemoryEstimate {
  const weightBytes = weightBytesOf(config, precision);
  const perToken = kvBytesPerToken({
    layers: config.numLayers,
    kvHeads: config.numKvHeads,
    headDim: config.headDim,
  });
  const { candidates, promptTokens, newTokens } = load;
  const slot = roundUpToBucket(newTokens);
  const tokens = roundUpToBucket(promptTokens) + candidates * (slot + (slot - KV_BUCKET) + newTokens);
  const kvBytes = tokens * perToken + candidates * config.vocabSize * FLOAT_BYTES;
  const activationBytes = estimateActivations(config, load);
  return {
    precision,
    weightBytes,
    kvBytesPerToken: perToken,
    kvBytes,
    activationBytes,
    processBytes: PROCESS_BYTES,
    totalBytes: weightBytes + kvBytes + activationBytes + PROCESS_BYTES,
  };
}

function weightBytesOf(config: ModelConfig, precision: Precision): number {
  const file = buildDecoder(config, { precision, weightsFile: "weights.bin", blockwise: false }).weightBytes;
  const repacked = precision === "fp32" && config.tieWordEmbeddings;
  return file + (repacked ? config.vocabSize * config.hiddenSize * FLOAT_BYTES : 0);
}

/** The bytes of the activations alone; see `estimateMemory`. */
export function estimateActivations(config: ModelConfig, load: MemoryLoad): number {
  const prefix = roundUpToBucket(load.promptTokens);
  const prefill = runFloats(config, Math.min(load.promptTokens, PREFILL_CHUNK), 1, prefix);
  const step = runFloats(config, load.candidates, load.candidates, prefix + roundUpToBucket(load.newTokens));
  return ARENA_SLACK * FLOAT_BYTES * Math.max(prefill, step);
}

/** Floats that live at once in a run of `tokens` that see `keys` each, `logitRows` of which want logits. */
function runFloats(config: ModelConfig, tokens: number, logitRows: number, keys: number): number {
  const { numLayers, numHeads, numKvHeads, headDim, hiddenSize, intermediateSize, vocabSize } = config;
  const heads = 2 * (numHeads + 2 * numKvHeads) * headDim;
  const scores = (2 * numHeads + numHeads / numKvHeads + 1) * keys;
  const newKv = 4 * numLayers * numKvHeads * headDim;
  const perToken = 2 * hiddenSize + Math.max(heads + scores, 3 * intermediateSize) + newKv;
  return tokens * perToken + 2 * logitRows * vocabSize;
}

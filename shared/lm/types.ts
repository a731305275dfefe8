/**
 * What a language model looks like to the schedulers above it (the generator's engine, the PRM's batcher): rows of a
 * batch that run tokens, and segments of keys and values that outlive their rows. No queue, request, text or sampler
 * is known here; no tensor of ONNX Runtime leaves `runtime/`.
 */

export type Precision = "fp32" | "int8" | "int4";

/** What a user may ask for; `auto` is the fastest for the model at hand. */
export const PRECISION_CHOICES = ["auto", "fp32", "int8", "int4"] as const;
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];

export interface LanguageModelInfo {
  readonly name: string;
  /** `model_type` of config.json. */
  readonly architecture: string;
  /** SHA-256 over configuration and weights, hex. */
  readonly hash: string;
  readonly precision: Precision;
  readonly parameterCount: number;
  readonly vocabularySize: number;
  /** Tokens of prompt and continuation together. */
  readonly contextLength: number;
  readonly hiddenSize: number;
  /** Embedding output and every layer: layers + 1. */
  readonly hiddenStateCount: number;
  readonly kvBytesPerToken: number;
  /** Of the weights as ONNX Runtime reads them, at this precision. */
  readonly weightBytes: number;
  /** Prompts run in chunks that end at multiples of this; at these places one can begin with another's keys and values. */
  readonly prefillChunkTokens: number;
  /** 2 per weight that multiplies, for one token; attention not counted. */
  readonly flopsPerToken: number;
}

/** Keys and values of consecutive tokens. Immutable; freed by forgetting it. */
export interface KvSegment {
  readonly tokenCount: number;
  readonly byteLength: number;
  /** Float32 [layers, 2 (key, value), kvHeads, tokens, headDim]. */
  readonly data: Float32Array;
}

/**
 * What a row of logits comes to, from the graph, so that drawing a token need not walk a large vocabulary. `largest` is
 * the row's largest logit.
 */
export interface LogitSummary {
  /** The likeliest tokens, likeliest first, of equal ones the lower id first: at most 64. */
  readonly topIds: Float32Array;
  readonly topLogits: Float32Array;
  /** Sum of exp(logit - largest). */
  readonly total: number;
  /** Sum of exp(logit - largest) (logit - largest). */
  readonly weightedTotal: number;
  /** As it was asked for. */
  readonly temperature: number;
  /** Sums of exp((logit - largest) / temperature) over ranges of `blockSize` ids; the last ones may go beyond the vocabulary. */
  readonly blockSize: number;
  readonly blockTotals: Float32Array;
}

/**
 * What a probe is multiplied with. `hidden`: all hidden states of a token, embedding output and every layer, the last one
 * after the final norm. `hidden_final_norm`: the final norm of each of these, so that the last one is normed twice.
 * `logits`: the raw logits after the token.
 */
export type ProbeInput = "hidden" | "hidden_final_norm" | "logits";

/** A linear map that the graph evaluates; known by the identity of its weights. */
export interface LinearProbe {
  readonly input: ProbeInput;
  /** [outputs, width]: hiddenStateCount * hiddenSize for hidden states, vocabularySize for logits. */
  readonly weights: Float32Array;
  readonly outputs: number;
}

/** Which outputs a row wants, per step. What nobody asks for does not leave the graph. */
export interface Wanted {
  /** Logits after the last new token, after every one, or none. */
  readonly logits: "last" | "all" | "none";
  /** A summary, for a temperature above 0, of each row of `logits`; for "none", of the last new token's. */
  readonly summary?: { readonly temperature: number };
  readonly probes?: readonly LinearProbe[];
  /** All hidden states, as `ProbeInput` says. */
  readonly hidden?: boolean;
  /** Whose hidden states and probes: every new token's (unset), or the last one's. */
  readonly observed?: "all" | "last";
}

export interface RowInput {
  readonly row: number;
  /** At least one. */
  readonly tokenIds: readonly number[];
  readonly wanted: Wanted;
}

export interface RowOutput {
  readonly row: number;
  /** [1 or tokens, vocabularySize]; empty for "none". Raw: no temperature, no softmax. */
  readonly logits: Float32Array;
  /** When wanted: one for each row of `logits`, at least the last token's. */
  readonly summaries: readonly LogitSummary[];
  /** [1 or tokens, outputs of all probes in order]; empty when not wanted. */
  readonly probe: Float32Array;
  /** [1 or tokens, hiddenStateCount * hiddenSize]; empty when not wanted. */
  readonly hidden: Float32Array;
}

/**
 * Rows that run together. A row's outputs do not depend on which other rows there are (bit for bit). Rows of one prompt
 * share its prefix without copying it; a row's own tokens are held in the batch's buffers, one slot each.
 */
export interface RowBatch {
  readonly rowCount: number;
  /** Bytes of the slots, and of prompts that lie side by side for them. */
  readonly byteLength: number;
  /** Bytes that the slots will take once one more row with `tokenCount` own tokens is admitted. */
  byteLengthWith(prefix: KvSegment, tokenCount: number): number;
  /** Bytes that the slots will take once every row has run `tokenCount` tokens more. */
  byteLengthAfter(tokenCount: number): number;
  /** A row that continues `prefix` and then `path`, whose keys and values are copied in. Returns its id. */
  admit(prefix: KvSegment, path: readonly KvSegment[]): number;
  /** Runs new tokens of some rows, ragged. The outputs come in the order of the inputs. */
  step(inputs: readonly RowInput[]): Promise<readonly RowOutput[]>;
  /** The keys and values of a row's last `tokenCount` tokens, as a segment of their own. */
  take(row: number, tokenCount: number): KvSegment;
  release(row: number): void;
}

export interface PrefillResult {
  readonly prefix: KvSegment;
  /** Of the tokens that were run, not of those whose keys and values were there already. */
  readonly output: RowOutput;
}

/** Where a prompt can begin: the first `tokenCount` tokens of another prompt's prefix, a multiple of the chunk. */
export interface PrefixPart {
  readonly prefix: KvSegment;
  readonly tokenCount: number;
}

/**
 * A prompt on its way through the model, chunk by chunk. Its cuts are fixed and it sees nobody else, so its results are
 * the same bits whenever the chunks are run, and whether the first of them were copied.
 */
export interface Prefill {
  readonly remainingTokens: number;
  /** Runs the next chunk, of which there must be one. Calls must not overlap. */
  advance(): Promise<void>;
  /** Once no tokens remain; an error before. */
  readonly result: PrefillResult;
}

export interface LanguageModel {
  readonly info: LanguageModelInfo;
  /** Milliseconds spent inside `session.run` since creation. */
  readonly runMs: number;
  /** Bytes that the keys and values of a prompt take, from the start of its prefill on. */
  prefixBytes(tokenCount: number): number;
  /** What the largest run takes beside weights, keys and values: an estimate for `rows` rows of `contextTokens` tokens. */
  activationBytes(rows: number, contextTokens: number): number;
  /** Prepares a prompt; nothing is run yet. What `known` has is copied, and is needed no longer. */
  startPrefill(tokenIds: readonly number[], wanted: Wanted, known?: PrefixPart): Prefill;
  /** Runs a whole prompt at once. */
  prefill(tokenIds: readonly number[], wanted: Wanted): Promise<PrefillResult>;
  createBatch(): RowBatch;
  /** Frees the session. Idempotent; use after it is an error. */
  dispose(): Promise<void>;
}

/**
 * The engine as the rest of the generator sees it: sessions that grow trees of steps from a prompt. Domain types only:
 * no proto message, socket, tensor or Worker is known here. Whoever implements `Engine` may run the model in a Worker;
 * callers do not notice.
 *
 * Requests that reach the engine are already well-formed (the codec checks types and ranges that need no state); the
 * engine checks what depends on its state, and says so with a ServiceError.
 */
import type { ProbeInput } from "#shared/lm/types.js";

/** 0 is the prompt. Other ids are issued by the engine, are never used twice within a session, and are safe integers. */
export type NodeId = number;

/** `step`: the delimiter was produced, the path can go on. Only `eos` and `stop` make a finished candidate. */
export type FinishReason = "step" | "eos" | "stop" | "length" | "cancelled";

/** Whether temperature is applied before or after top-k, top-p and min-p. */
export type SamplingOrder = "temperature_first" | "filter_first";

/** How the next token is drawn, every knob set. Ranges as in proto `Sampling`, checked by the codec. */
export interface Sampling {
  /** 0 is greedy; otherwise in (0, 10]. */
  readonly temperature: number;
  /** Keep the k likeliest tokens; unset keeps all. */
  readonly topK?: number;
  /** (0, 1]; 1 is off. */
  readonly topP: number;
  /** [0, 1]; 0 is off. */
  readonly minP: number;
  /** [0.1, 10]; 1 is off. */
  readonly repetitionPenalty: number;
  readonly order: SamplingOrder;
  /** A text that ends one of these ends with `stop`. */
  readonly stop: readonly string[];
}

/** What a caller asked for; an unset knob takes the next default: the session's, then the model's. */
export type SamplingRequest = Partial<Sampling>;

/** output = weights * input per token. */
export interface Probe {
  readonly name: string;
  readonly input: ProbeInput;
  /** Must equal `GeneratorInfo.modelHash`: failed_precondition otherwise. */
  readonly modelHash: string;
  /** [outputs, hiddenStateCount * hiddenSize], of logits [outputs, vocabularySize]; row-major, finite. */
  readonly weights: Float32Array;
  readonly shape: readonly [outputs: number, width: number];
}

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export type Prompt =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "messages"; readonly messages: readonly Message[] }
  | { readonly kind: "tokens"; readonly tokenIds: readonly number[] };

export interface OpenSession {
  readonly prompt: Prompt;
  readonly sampling: SamplingRequest;
  /** Every node's randomness derives from this and its place in the tree. */
  readonly seed: number;
  readonly probes: readonly Probe[];
  /** Unset: the model's own. Never empty. */
  readonly stepDelimiter?: string;
  /** Fill `SessionOpened.promptProbe`. */
  readonly includePromptProbe: boolean;
  /** Fill `StepEvent.hiddenStates`. */
  readonly includeHiddenStates?: boolean;
  /**
   * [-10, 10]. Prompts of a higher priority run before all other prompts, and rows before all other rows, which may wait
   * for as long as there are any. A chunk of one prompt runs before each step of the rows, whatever their priorities.
   */
  readonly priority: number;
  /** Only sessions with equal salts share prompts; unset: those that name none. */
  readonly cacheSalt?: string;
}

export interface GrowRequest {
  readonly nodeId: NodeId;
  /** At least 1. */
  readonly count: number;
  /** `end`: step after step to the end of the text; each step is a node, the child of the one before it. */
  readonly until: "step" | "end";
  /** Tokens of one child (`end`: of one child and all that follows it) at most. Unset: what the context has left. */
  readonly maxTokens?: number;
  /** Overrides the session's sampling, knob by knob. */
  readonly sampling?: SamplingRequest;
}

export interface SessionOpened {
  readonly promptTokenIds: readonly number[];
  /** Of these, tokens that an earlier prompt had, and that were not run. */
  readonly cachedPromptTokens: number;
  /** Probe outputs at the last prompt position, all probes in order; empty unless asked for. */
  readonly promptProbe: Float32Array;
  /** The sampling in effect. */
  readonly sampling: Sampling;
}

export interface StepEvent {
  readonly kind: "step";
  readonly nodeId: NodeId;
  readonly parentId: NodeId;
  /** Which child of the parent this is, from 0, over all grows of that parent. */
  readonly childIndex: number;
  readonly tokenIds: readonly number[];
  readonly text: string;
  readonly finishReason: FinishReason;
  /** ln p of each token under the model itself (temperature 1, nothing filtered). */
  readonly logProbs: readonly number[];
  /** Entropy in nats of the unfiltered distribution each token was drawn from. */
  readonly entropies: readonly number[];
  /** [tokens, outputs of all probes in the order of `OpenSession.probes`]; empty without probes. */
  readonly probeOutputs: Float32Array;
  /**
   * Entropy in nats of the unfiltered distribution after the last token; unset when the text ended, or the last token
   * was not run.
   */
  readonly nextEntropy?: number;
  /**
   * binary16 [tokens, hiddenStateCount * hiddenSize] when asked for, what probes read; of the first tokens only, where all
   * would be more than `MAX_STATE_BYTES`.
   */
  readonly hiddenStates?: Uint16Array;
}

/** All steps of one grow have been delivered. Grows of one node report in the order they were asked for. */
export interface GrownEvent {
  readonly kind: "grown";
  readonly nodeId: NodeId;
  readonly count: number;
}

/** The last event of a session that was ended, not cancelled. */
export interface ClosedEvent {
  readonly kind: "closed";
  readonly usage: SessionUsage;
}

export type EngineEvent = StepEvent | GrownEvent | ClosedEvent;

export interface SessionUsage {
  readonly promptTokens: number;
  /** Of these, tokens that an earlier prompt had, and that were not run. */
  readonly cachedPromptTokens: number;
  /** Tokens sampled, those of pruned and cancelled nodes included. */
  readonly generatedTokens: number;
  /** Of these, tokens of rows that were cancelled while they ran. */
  readonly cancelledTokens: number;
  /** Tokens run through the model a second time. */
  readonly reprefilledTokens: number;
  readonly flops: number;
}

/** What a continuation's tokens are given as: all hidden states of a token, or the raw logits after it. */
export type Features = "hidden" | "logits";

/** Of token ids, or of a text that is tokenized without special tokens. */
export type Continuation =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tokens"; readonly tokenIds: readonly number[] };

export interface FeaturizeRequest {
  readonly prompt: Prompt;
  /** At least one. */
  readonly continuations: readonly Continuation[];
  readonly features: Features;
  /** As of `OpenSession`; continuations run in chunks as prompts do. */
  readonly priority: number;
  readonly cacheSalt?: string;
}

/** First: the prompt has run. */
export interface FeaturizingEvent {
  readonly kind: "featurizing";
  readonly promptTokenIds: readonly number[];
  readonly cachedPromptTokens: number;
  /** Numbers per token. */
  readonly width: number;
  /** Tokens of each continuation. */
  readonly tokenCounts: readonly number[];
}

/** Consecutive tokens of a continuation. Chunks come in order, continuation by continuation. */
export interface FeatureChunkEvent {
  readonly kind: "chunk";
  readonly continuation: number;
  readonly firstToken: number;
  readonly tokenIds: readonly number[];
  /** binary16 [tokens, width]; finite numbers beyond its range are its largest. */
  readonly values: Uint16Array;
  /** As of `StepEvent`. */
  readonly logProbs: readonly number[];
  readonly entropies: readonly number[];
  /** Of the distribution after the continuation's last token; in its last chunk. */
  readonly nextEntropy?: number;
}

/** Last. */
export interface FeaturizedEvent {
  readonly kind: "featurized";
  readonly usage: SessionUsage;
}

export type FeatureEvent = FeaturizingEvent | FeatureChunkEvent | FeaturizedEvent;

export interface EngineSession {
  readonly opened: SessionOpened;
  /**
   * Asks for children. Calls take effect in the order they are made. Resolves when accepted (not when grown). Rejects,
   * leaving the session as it was: not_found (no such node), failed_precondition (pruned, or did not end with `step`),
   * invalid_argument (count over the limit, max tokens beyond the context), resource_exhausted (nodes of the session).
   */
  grow(request: GrowRequest): Promise<void>;
  /**
   * Ends nodes and all below them: running ones end as `cancelled`, all give back their memory. 0 is everything below
   * the prompt, which stays. Pruning a pruned node does nothing. Rejects with not_found, pruning nothing, for an id never
   * issued.
   */
  prune(nodeIds: readonly NodeId[]): Promise<void>;
  /**
   * What happened, in order: a parent before its children. For one consumer. The engine never runs further ahead of the
   * reader than a fixed number of events: a session that nobody reads stops being scheduled. Throws a ServiceError when
   * the session cannot go on, the signal's reason when aborted; after `cancel` it just ends.
   */
  readonly events: AsyncIterable<EngineEvent>;
  /** No more requests will come: what runs is finished, then `closed` is the last event. Idempotent. */
  end(): void;
  /** Drops everything at once and gives back all memory. Idempotent; also right after `closed`. */
  cancel(): void;
}

export interface GeneratorInfo {
  /** Directory name of the checkpoint. */
  readonly model: string;
  /** `model_type` of config.json. */
  readonly architecture: string;
  /** SHA-256 over configuration and weights, hex. */
  readonly modelHash: string;
  /** SHA-256 of tokenizer.json, hex. */
  readonly tokenizerHash: string;
  readonly precision: "fp32" | "int8" | "int4";
  readonly parameterCount: number;
  /** 2 per weight that a token is multiplied with; attention comes on top. */
  readonly flopsPerToken: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly hiddenSize: number;
  /** Embedding output and every layer. */
  readonly hiddenStateCount: number;
  readonly stepDelimiter: string;
  readonly defaultSampling: Sampling;
  readonly hasChatTemplate: boolean;
  /** SHA-256 of the chat template's text, hex; empty without one. */
  readonly chatTemplateHash: string;
  readonly limits: EngineLimits;
}

export interface EngineLimits {
  /** Sessions and featurize calls at a time. */
  readonly maxSessions: number;
  /** Rows decoded together. */
  readonly maxBatchRows: number;
  /** Keys, values and logits of all sessions together, and of prompts that are kept for later ones. */
  readonly maxKvBytes: number;
  /** Of these, prompts that no session uses; 0: prompts are never shared. */
  readonly maxPrefixCacheBytes: number;
  readonly maxNodesPerSession: number;
  readonly maxPromptBytes: number;
  /** Children one grow may ask for. */
  readonly maxGrowCount: number;
}

export interface EngineStats {
  /** Those whose prompt is there, and featurize calls with them. */
  readonly sessions: number;
  /** Sessions that wait for their prompt, or whose prompt is being run. */
  readonly openingSessions: number;
  /** What sessions hold of `maxKvBytes`; prompts kept for later ones give way and are not counted. */
  readonly usedKvBytes: number;
  /** Rows that run now, and rows that wait for a place. */
  readonly runningRows: number;
  readonly waitingRows: number;
  /** Tokens of the prompts of all sessions opened so far, and those of them that were not run. */
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly generatedTokens: number;
  /** Milliseconds inside the model's sessions since start. */
  readonly modelRunMs: number;
  /** Milliseconds of the engine's steps since start, `modelRunMs` included; the rest is scheduling and sampling. */
  readonly stepMs: number;
  readonly memory: MemoryUsage;
}

/** What takes the process's memory, in bytes. The parts from `prefixKvBytes` on are at most `limitBytes` together. */
export interface MemoryUsage {
  /** At this precision, as they lie in the model's file. */
  readonly weightBytes: number;
  /** An estimate for the largest step that the limits allow. */
  readonly activationBytes: number;
  /** `EngineLimits.maxKvBytes`. */
  readonly limitBytes: number;
  /** Keys and values of prompts that sessions use, each once. */
  readonly prefixKvBytes: number;
  /** Keys and values of the nodes below prompts. */
  readonly suffixKvBytes: number;
  /** What prompts and nodes keep so that children can start. */
  readonly logitsBytes: number;
  /** Buffers of the batches: rows' own keys and values, those of texts being featurized, and prompts side by side. */
  readonly slotBytes: number;
  /** Prompts that no session uses. */
  readonly prefixCacheBytes: number;
}

export interface Engine {
  readonly info: GeneratorInfo;
  /**
   * Tokenizes and runs the prompt. Aborting `signal` cancels the session, opening or open. Rejects: invalid_argument
   * (empty prompt, prompt + 1 longer than the context, token id out of the vocabulary, messages without a chat
   * template, a probe of the wrong width), failed_precondition (a probe made for another model), resource_exhausted
   * with retryAfterMs (sessions or KV memory), unavailable (disposed or failed).
   */
  openSession(request: OpenSession, signal: AbortSignal): Promise<EngineSession>;
  /**
   * Runs texts that are there already and gives what the model makes of each token. The engine runs no further ahead of
   * the reader than it does of a session's. Throws what `openSession` rejects with, invalid_argument also for a
   * continuation that is empty, has a token id out of the vocabulary or does not fit the context, and for features too
   * wide for a message; resource_exhausted also later, when sessions need the memory. Leaving early, or aborting
   * `signal`, gives everything back.
   */
  featurize(request: FeaturizeRequest, signal: AbortSignal): AsyncIterable<FeatureEvent>;
  /** A recent snapshot; never waits for the model. */
  stats(): EngineStats;
  /** Cancels every session, frees the model, ends the Worker. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * All that search needs from outside, on one page. The implementations live elsewhere: `policy-client` (gRPC to the
 * generator), `score/` (reward models), the process clock. Search itself sees no socket, no proto message and no model.
 */

/** Identity of a node within one search; 0 is the problem. */
export type NodeId = number;

/** Why a step's text ended. Only `eos` and `stop` finish a candidate. */
export type FinishReason = "step" | "eos" | "stop" | "length" | "cancelled";

export interface Sampling {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly order?: "temperature_first" | "filter_first";
  readonly stop?: readonly string[];
}

/** One sampled step. */
export interface StepSample {
  readonly nodeId: NodeId;
  readonly parentId: NodeId;
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: FinishReason;
  /** Natural log-probabilities of the tokens, temperature 1. */
  readonly logProbs: readonly number[];
  /** Entropy in nats of the distribution each token was drawn from. */
  readonly entropies: readonly number[];
  /** [tokens, outputs] row-major, for each probe output asked for at `open`. Empty when none was. */
  readonly probeOutputs: Float32Array;
  /** Entropy in nats of the distribution after the last token; unset when the text ended or the policy cannot tell. */
  readonly nextEntropy?: number;
  /**
   * When asked for at `open`: [tokens, hiddenStateCount * hiddenSize], what probes of `hidden` read, rounded to binary16
   * (numbers beyond its range to 65504). Of a long step the first tokens only.
   */
  readonly hiddenStates?: Float32Array;
}

export interface GrowRequest {
  readonly nodeId: NodeId;
  readonly count: number;
  /** `end`: step after step to the end of the text; each step is a node, the child of the one before it. */
  readonly until: "step" | "end";
  /** Tokens of one child (`end`: of one child and all that follows it) at most. */
  readonly maxTokens?: number;
  readonly sampling?: Sampling;
}

/**
 * Linear maps that the generator evaluates for every token: [outputs, width], row-major. They read all hidden states (the
 * last one after the final norm), the final norm of each of these (so that the last one is normed twice), or the raw
 * logits after the token.
 */
export interface Probe {
  readonly name: string;
  readonly input: "hidden" | "hidden_final_norm" | "logits";
  readonly modelHash: string;
  readonly weights: Float32Array;
  readonly shape: readonly [outputs: number, width: number];
}

export interface PolicyOpenOptions {
  readonly sampling?: Sampling;
  readonly seed?: number;
  readonly probes?: readonly Probe[];
  /** Evaluated at the last token of the prompt alone; its outputs are the session's `promptOutputs`. */
  readonly promptProbe?: Probe;
  /** Fill `StepSample.hiddenStates`. */
  readonly includeHiddenStates?: boolean;
  /** [-10, 10]; higher runs first. Unset: 0. */
  readonly priority?: number;
  /** Only sessions with equal salts share prompts. */
  readonly cacheSalt?: string;
}

export interface PolicyUsage {
  readonly promptTokens: number;
  /** Of these, tokens that the policy had from an earlier prompt. */
  readonly cachedPromptTokens: number;
  readonly generatedTokens: number;
  readonly cancelledTokens: number;
  readonly flops: number;
}

export interface PolicyInfo {
  readonly model: string;
  readonly modelHash: string;
  /** fp32, int8 or int4. */
  readonly precision: string;
  /** SHA-256 of the chat template's text, hex; empty without one. */
  readonly chatTemplateHash: string;
  readonly parameterCount: number;
  /** 2 per weight that a token is multiplied with; attention comes on top. */
  readonly flopsPerToken: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly stepDelimiter: string;
  readonly hiddenSize: number;
  readonly hiddenStateCount: number;
  /** What an unset field of a session's sampling means. */
  readonly defaultSampling: Sampling;
}

/** The policy model, as a tree that can be grown. */
export interface Policy {
  info(signal: AbortSignal): Promise<PolicyInfo>;
  /** Opens a session for one problem. Rejects with a ServiceError. The caller disposes the session. */
  open(problem: string, options: PolicyOpenOptions, signal: AbortSignal): Promise<PolicySession>;
}

export interface PolicySession {
  readonly promptTokens: number;
  /** Of these, tokens that the policy had from an earlier prompt. */
  readonly cachedPromptTokens: number;
  /** Of `promptProbe`; empty without one. */
  readonly promptOutputs: readonly number[];
  /**
   * Samples `count` children and yields every step as it finishes: a parent before its children, otherwise in no
   * promised order. Ends when all have ended. Several grows may be under way at once. Pruned steps are yielded too, as
   * `cancelled`.
   */
  grow(request: GrowRequest): AsyncIterable<StepSample>;
  /**
   * Gives back nodes and all below them; rows that run there are cancelled. 0, the problem, stands for everything.
   * Unknown ids are ignored, since a node may have ended meanwhile.
   */
  prune(nodeIds: readonly NodeId[]): void;
  /** Cancels what runs, ends the session and every grow, and tells what it cost. Idempotent. */
  close(): Promise<PolicyUsage>;
}

/** A reward model, or with `rank` and `scaled` two of them. */
export interface StepScorer {
  readonly name: "prm" | "swift" | "rank" | "scaled" | "none";
  /** Of all that its scores depend on, hex; unset for two models and for none. */
  readonly hash?: string;
  /** Probes that the policy must evaluate for this scorer; empty for scorers that read text. */
  readonly probes: readonly Probe[];
  /** How texts must be sampled so that its scores mean something; unset for scorers that do not mind. */
  readonly sampling?: ScorerSampling;
  /** Operations to read one token; unset: next to none. */
  readonly flopsPerToken?: number;
  /** An end without words (the closing token alone) is a step like any other. Unset: it is not read. */
  readonly readsBareEnds?: boolean;
  open(problem: string, signal: AbortSignal): Promise<ScorerSession>;
}

export interface ScorerSampling {
  /** What a search takes that may choose. */
  readonly temperature: number;
  /** `sampling`: what is asked for, over the policy's defaults. @throws ServiceError when it must be another. */
  assertFits(sampling: Sampling): void;
}

export interface ScorerSession {
  /** The policy's session must be opened with `includeHiddenStates`. Unset: it need not. */
  readonly needsHiddenStates?: boolean;
  /**
   * Reads the problem, once, before anything is scored: a search whose runs are not read need not pay for it. Unset: there
   * is nothing to read.
   */
  begin?(): Promise<void>;
  /**
   * Scores steps, each a child of the problem (parent 0) or of a step scored before. Resolves to exactly one score per
   * step, in order; rejects rather than impute one.
   */
  score(steps: readonly StepSample[]): Promise<readonly StepScore[]>;
  prune(nodeIds: readonly NodeId[]): void;
  /** Tokens run through the reward model so far, and what that cost. */
  usage(): ScorerUsage;
  /** What a session found that was audited; undefined for others. */
  audit?(): AuditReport | undefined;
  /** Idempotent. */
  close(): void;
}

/** Of the path that ends with a step. */
export interface StepScore {
  /** The belief in (0, 1) that the path leads to a right answer; of two models the mean. */
  readonly score: number;
  /** SWIFT's R, unbounded; set where SWIFT scores. */
  readonly swift?: number;
  /** In (0, 1); set where a PRM scores. */
  readonly prm?: number;
}

/** Rewards by two routes, compared. */
export interface AuditReport {
  readonly stepsAudited: number;
  /** Steps that could not be compared, or differ by more than the tolerance. */
  readonly mismatches: number;
  /** Of the compared ones. */
  readonly maxDifference: number;
}

export interface ScorerUsage {
  readonly verifierTokens: number;
  readonly flops: number;
}

/** Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

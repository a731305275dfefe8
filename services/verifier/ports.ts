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

/** Linear maps of the hidden states that the generator evaluates: [outputs, width], row-major. */
export interface Probe {
  readonly name: string;
  readonly modelHash: string;
  readonly weights: Float32Array;
  readonly shape: readonly [outputs: number, width: number];
}

export interface PolicyOpenOptions {
  readonly sampling?: Sampling;
  readonly seed?: number;
  readonly probes?: readonly Probe[];
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
  readonly parameterCount: number;
  readonly contextLength: number;
  readonly stepDelimiter: string;
  readonly hiddenSize: number;
  readonly hiddenStateCount: number;
}

/** The policy model, as a tree that can be grown. */
export interface Policy {
  info(signal: AbortSignal): Promise<PolicyInfo>;
  /** Opens a session for one problem. Rejects with a ServiceError. The caller disposes the session. */
  open(problem: string, options: PolicyOpenOptions, signal: AbortSignal): Promise<PolicySession>;
}

export interface PolicySession {
  readonly promptTokens: number;
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

/** A reward model. */
export interface StepScorer {
  readonly name: "prm" | "swift" | "none";
  /** Probes that the policy must evaluate for this scorer; empty for scorers that read text. */
  readonly probes: readonly Probe[];
  open(problem: string, signal: AbortSignal): Promise<ScorerSession>;
}

export interface ScorerSession {
  /**
   * Scores steps, each a child of the problem (parent 0) or of a step scored before. Resolves to exactly one score in
   * (0, 1) per step, in order; rejects rather than impute one.
   */
  score(steps: readonly StepSample[]): Promise<readonly number[]>;
  prune(nodeIds: readonly NodeId[]): void;
  /** Tokens run through the reward model so far, and what that cost. */
  usage(): ScorerUsage;
  /** Idempotent. */
  close(): void;
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

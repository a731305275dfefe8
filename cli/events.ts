/**
 * What commands print with `--json`, one object per line, and what the terminal views are drawn from. Field names are
 * those of the proto in snake_case, enums are lower-case words, times are milliseconds. Scripts rely on these shapes.
 */

export interface PlanShape {
  readonly strategy: string;
  readonly n: number;
  readonly beam_width: number;
  readonly verifier: string;
  readonly aggregation: string;
  readonly vote: string;
  readonly temperature: number;
  /** Partial solutions that score below were dropped; 0: none. */
  readonly reject_below: number;
  /** The row of the strategy table that decided. */
  readonly row: string;
  readonly reason: string;
  /** Null when nothing was estimated. */
  readonly estimated_pass_rate: number | null;
  /** Whether row and confidence come from a calibration of this policy and verifier. */
  readonly calibrated: boolean;
}

export interface PlanChosenEvent {
  readonly event: "plan_chosen";
  readonly plan: PlanShape;
}

export interface NodeAddedEvent {
  readonly event: "node_added";
  readonly node_id: number;
  /** 0 is the problem. */
  readonly parent_id: number;
  readonly depth: number;
  readonly subtree: number;
  readonly text: string;
  /** step, eos, stop, length or cancelled. */
  readonly finish_reason: string;
  readonly token_count: number;
  readonly mean_log_prob: number;
  readonly mean_entropy: number;
}

export interface NodeScoredEvent {
  readonly event: "node_scored";
  readonly node_id: number;
  readonly score: number;
  /** SWIFT's R of the path, unbounded; null where SWIFT does not score. */
  readonly swift_score: number | null;
  /** Null where the PRM does not score. */
  readonly prm_score: number | null;
}

export interface NodePrunedEvent {
  readonly event: "node_pruned";
  readonly node_id: number;
  readonly reason: string;
}

export interface BestSoFarEvent {
  readonly event: "best_so_far";
  readonly answer: string;
  readonly confidence: number;
  readonly finished_candidates: number;
}

export interface CandidateShape {
  readonly answer: string;
  /** Null when nothing was scored. */
  readonly score: number | null;
  readonly text: string;
  readonly node_id: number;
  readonly step_scores: readonly number[];
  readonly mean_log_prob: number;
  /** Both as in `node_scored`, aggregated over the steps. */
  readonly swift_score: number | null;
  readonly prm_score: number | null;
  /** Nats, over all tokens. */
  readonly mean_entropy: number;
  readonly token_count: number;
  /** From 1 where the strategy has independent subtrees, else 0. */
  readonly subtree: number;
}

export interface UsageShape {
  readonly prompt_tokens: number;
  readonly cached_prompt_tokens: number;
  readonly generated_tokens: number;
  readonly kept_tokens: number;
  readonly pruned_tokens: number;
  readonly cancelled_tokens: number;
  readonly verifier_tokens: number;
  readonly flops: number;
  readonly wall_ms: number;
}

export interface VoteShape {
  readonly answer: string;
  readonly share: number;
  readonly count: number;
}

/** SWIFT's rewards by two routes. */
export interface AuditShape {
  readonly steps_audited: number;
  readonly mismatches: number;
  readonly max_difference: number;
}

export interface SolvedEvent {
  readonly event: "solved";
  /** Empty when no candidate finished. */
  readonly answer: string;
  readonly solution: string;
  readonly confidence: number;
  readonly plan: PlanShape;
  readonly candidates: readonly CandidateShape[];
  readonly votes: readonly VoteShape[];
  readonly usage: UsageShape;
  /** finished, decided, budget, deadline, depth or gave_up. */
  readonly stop_reason: string;
  /** What the search ran out of: generated_tokens, verifier_tokens, tokens, flops, wall_time; else unspecified. */
  readonly exhausted: string;
  /** Empty, or why the answer should not be relied on. */
  readonly warning: string;
  /** Null when this search was not audited. */
  readonly audit: AuditShape | null;
}

export type SolveEvent =
  | PlanChosenEvent
  | NodeAddedEvent
  | NodeScoredEvent
  | NodePrunedEvent
  | BestSoFarEvent
  | SolvedEvent;

export interface CompletionEvent {
  readonly event: "completion";
  readonly prompt_token_ids: readonly number[];
  readonly token_ids: readonly number[];
  /** Natural log-probabilities at temperature 1, one per token. */
  readonly logprobs: readonly number[];
  readonly text: string;
  /** eos, stop or length. */
  readonly finish_reason: string;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface ReportEvent {
  readonly event: "report";
  readonly checks: readonly Check[];
}

/** Memory of one model at one precision, for the load that the report states. */
export interface PrecisionShape {
  readonly precision: string;
  readonly weights_bytes: number;
  readonly kv_bytes_per_token: number;
  readonly kv_bytes: number;
  readonly activations_bytes: number;
  /** Of the process before a model is there. */
  readonly process_bytes: number;
  readonly total_bytes: number;
  /** Whether this machine has as much. */
  readonly fits: boolean;
}

/** `models check PATH`: what could not be found out is null or empty. */
export interface ModelReportEvent extends ReportEvent {
  readonly works: boolean;
  /** Absolute. */
  readonly path: string;
  readonly architecture: string | null;
  readonly parameters: number | null;
  /** Tokens of prompt and continuation together. */
  readonly context: number | null;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly tokenizer: { readonly vocabulary: number; readonly hash: string } | null;
  readonly chat_template: boolean;
  /** The tokens that end a text. */
  readonly eos: readonly { readonly id: number; readonly token: string | null }[];
  readonly step_delimiter: string | null;
  /** Kind of reward model; null for a policy. */
  readonly prm: string | null;
  readonly load: { readonly candidates: number; readonly prompt_tokens: number; readonly new_tokens: number };
  readonly machine_memory_bytes: number;
  /** Without `--precision`. */
  readonly default_precision: string | null;
  readonly precisions: readonly PrecisionShape[];
}

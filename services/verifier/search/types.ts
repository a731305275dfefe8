/**
 * The vocabulary of search: what is asked, what happens, what comes out. Events mirror deliberate.v1.SolveResponse.
 * Imports only ports.
 */
import type { AuditReport, FinishReason, NodeId, Sampling, StepScore, StepScorer } from "../ports.js";

export type StrategyName =
  | "greedy"
  | "majority"
  | "best_of_n"
  | "beam"
  | "dvts"
  | "early_rejection"
  | "rebase"
  | "particle_filtering";
/** How the scores of a solution's steps become one. */
export type Aggregation = "last" | "min" | "mean" | "prod";
/** How finished candidates choose the answer: equal answers add their scores | the best one decides | count. */
export type Vote = "weighted" | "max" | "majority";

/** What the caller asks for; what is left out is the plan's to choose. */
export interface SearchRequest {
  readonly strategy: StrategyName | "auto";
  /** Candidates, in [1, 256]. With `auto`: at most so many. */
  readonly n?: number;
  /** Children per kept path in beam and DVTS; n is a multiple of it. */
  readonly beamWidth?: number;
  readonly aggregation?: Aggregation;
  readonly vote?: Vote;
  /** In [0, 1): see SearchPlan. Unset: the calibration's with `auto`, else 0. */
  readonly rejectBelow?: number;
  readonly sampling?: Sampling;
  readonly seed?: number;
  /** Tokens of one solution at most; unset: what the policy's context has left. */
  readonly maxSolutionTokens?: number;
  /** Steps of one solution at most; unset: 40. */
  readonly maxDepth?: number;
  /** [-10, 10]: the policy runs what has a higher one first. Unset: 0. */
  readonly priority?: number;
  /** Only searches with equal salts share the policy's work on prompts. */
  readonly cacheSalt?: string;
}

/** What a search may spend; an unset field is not limited. Spending it all is a normal end with the best so far. */
export interface Budget {
  readonly generatedTokens?: number;
  readonly verifierTokens?: number;
  /** Both models together. */
  readonly flops?: number;
  readonly wallTimeMs?: number;
  /** Generated and verifier tokens together. */
  readonly tokens?: number;
}

/** What a search ran out of. */
export type BudgetResource = "generated_tokens" | "verifier_tokens" | "tokens" | "flops" | "wall_time";

/** A request with every choice made, and why. */
export interface SearchPlan {
  readonly strategy: StrategyName;
  /** Candidates that may finish. */
  readonly n: number;
  readonly beamWidth: number;
  readonly verifier: StepScorer["name"];
  readonly aggregation: Aggregation;
  readonly vote: Vote;
  readonly temperature: number;
  /** Partial solutions whose score is below it are dropped at the end of a step; 0: none. */
  readonly rejectBelow: number;
  /** The row of the strategy table that decided. */
  readonly row: string;
  /** One sentence. */
  readonly reason: string;
  /** The estimate of pass@1 that chose the row, when there was one. */
  readonly estimatedPassRate?: number;
  /** Set when row and confidence come from a calibration of this policy and verifier. */
  readonly calibrated?: boolean;
}

/**
 * `weak`: the verifier believes in it less than was asked for. `length` and `depth`: the path met its limit unfinished.
 * `decided`: others have settled the answer.
 */
export type PruneReason =
  | "outscored"
  | "weak"
  | "duplicate"
  | "length"
  | "depth"
  | "budget"
  | "deadline"
  | "decided";

export type SearchEvent =
  | { readonly type: "plan_chosen"; readonly plan: SearchPlan }
  | {
      readonly type: "node_added";
      readonly nodeId: NodeId;
      readonly parentId: NodeId;
      /** 1 is a first step. */
      readonly depth: number;
      /** From 1 where a plan grows several independent subtrees; 0 otherwise. */
      readonly subtree: number;
      readonly text: string;
      readonly finishReason: FinishReason;
      readonly tokenCount: number;
      readonly meanLogProb: number;
      /** Nats, of the distributions that the tokens were drawn from. */
      readonly meanEntropy: number;
    }
  | ({ readonly type: "node_scored"; readonly nodeId: NodeId } & StepScore)
  | { readonly type: "node_pruned"; readonly nodeId: NodeId; readonly reason: PruneReason }
  | {
      readonly type: "best_so_far";
      readonly answer: string;
      readonly confidence: number;
      readonly finishedCandidates: number;
    };

/** A finished solution. */
export interface Candidate {
  readonly nodeId: NodeId;
  /**
   * Of its first step. Rows that run to the end get the ids of their later steps as they come; those of their first
   * steps were given when they were asked for, so it is these that order candidates the same way every time.
   */
  readonly firstNodeId: NodeId;
  /** Canonical; empty when the text holds no answer, and then it does not vote. */
  readonly answer: string;
  /**
   * What decides, higher is better; undefined when the steps were not scored. Without fusion the belief; with it, in
   * [0, 1] and only comparable with the others of one vote (`fuseCandidates`).
   */
  readonly score: number | undefined;
  /** Aggregated over the steps, in (0, 1): that the solution is right. */
  readonly belief: number | undefined;
  /** SWIFT's R, aggregated; unset where SWIFT did not score, or the aggregation is a product. */
  readonly swiftScore?: number;
  /** The PRM's score, aggregated; unset where it did not score. */
  readonly prmScore?: number;
  readonly text: string;
  readonly stepScores: readonly number[];
  readonly tokenCount: number;
  readonly meanLogProb: number;
  /** Nats, over all tokens. */
  readonly meanEntropy: number;
  /** See SearchEvent.node_added. */
  readonly subtree: number;
}

export interface AnswerVote {
  readonly answer: string;
  /** Of the vote, in [0, 1]. */
  readonly share: number;
  readonly count: number;
}

/** `gave_up`: more compute is not expected to help. */
export type StopReason = "finished" | "decided" | "budget" | "deadline" | "depth" | "gave_up";

/** generated = kept + pruned + cancelled. */
export interface SearchUsage {
  readonly promptTokens: number;
  /** Of these, tokens that the policy had from an earlier prompt. */
  readonly cachedPromptTokens: number;
  readonly generatedTokens: number;
  /** Of paths that finished. */
  readonly keptTokens: number;
  /** Of steps that were completed and then dropped. */
  readonly prunedTokens: number;
  /** Of steps that were stopped while they were generated. */
  readonly cancelledTokens: number;
  readonly verifierTokens: number;
  readonly flops: number;
  readonly wallMs: number;
}

export interface SearchResult {
  /** Empty when no candidate finished with an answer. */
  readonly answer: string;
  /** The text of the winner's best candidate. */
  readonly solution: string;
  /** In [0, 1]; see `tally`. */
  readonly confidence: number;
  /** The winner first. */
  readonly votes: readonly AnswerVote[];
  /** All that finished, best first. */
  readonly candidates: readonly Candidate[];
  /** The last one, under which the search ended. */
  readonly plan: SearchPlan;
  readonly usage: SearchUsage;
  readonly stopReason: StopReason;
  /** Set when the search ended for `budget` or `deadline`. */
  readonly exhausted?: BudgetResource;
  /** Set when the answer should not be relied on: one sentence that says why. */
  readonly warning?: string;
  /** Of a search that was audited. */
  readonly audit?: AuditReport;
}

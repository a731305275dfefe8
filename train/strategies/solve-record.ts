/**
 * One Solve of a problem with a known answer, as much of it as any report or fit needs. Records are what measuring
 * leaves; everything else (tables, curves, a calibration) is computed from them, so nothing is run twice.
 */

/** What both sides spent. generated = kept + pruned + cancelled. */
export interface Spent {
  readonly promptTokens: number;
  readonly generatedTokens: number;
  readonly keptTokens: number;
  readonly prunedTokens: number;
  readonly cancelledTokens: number;
  readonly verifierTokens: number;
  /** Of both models. */
  readonly flops: number;
  readonly wallMs: number;
}

/** A finished solution. */
export interface CandidateRecord {
  /** Canonical; empty when it holds none. */
  readonly answer: string;
  readonly correct: boolean;
  /** In (0, 1); null when nothing was scored. */
  readonly score: number | null;
  /** Nats, means over its tokens. */
  readonly meanLogProb: number;
  readonly meanEntropy: number;
  readonly tokens: number;
  /** From 1 where the strategy has independent subtrees, else 0. */
  readonly subtree: number;
}

export interface SolveRecord {
  /** Of the problem, unique in its file. */
  readonly id: string;
  readonly level: number | null;
  /** What was run, such as `beam@16` or `auto@4096`. */
  readonly arm: string;
  readonly seed: number;
  readonly answer: string;
  readonly correct: boolean;
  /** Of the reply, in [0, 1]. */
  readonly confidence: number;
  /** The reply's estimate of pass@1; null when it made none. */
  readonly estimatedPassRate: number | null;
  readonly stopReason: string;
  /** The strategy of the last plan, and its row. */
  readonly strategy: string;
  readonly row: string;
  readonly spent: Spent;
  /** In the order of their first steps, so that the first k are what a search of k would have had. */
  readonly candidates: readonly CandidateRecord[];
}

/**
 * What a strategy is. The frontier (frontier.ts) does everything else: it grows, scores, drops duplicates, keeps the
 * budget and counts votes.
 */
import type { Path } from "./path.js";
import type { SearchPlan, StrategyName } from "./types.js";

interface Common {
  readonly name: StrategyName;
  /** Whether the verifier reads the steps. */
  readonly scored: boolean;
  /** Candidates of each independent group; the sum is `plan.n`. */
  readonly groups: (plan: SearchPlan) => readonly number[];
}

/** Samples whole solutions; every row runs to its end. */
export interface SamplingStrategy extends Common {
  readonly until: "end";
}

/** Grows step by step; after each round of a group decides who goes on. */
export interface StepStrategy extends Common {
  readonly until: "step";
  /**
   * How many children each path gets, in the order of `ranked`: the group's unfinished paths, distinct, best first.
   * `slots`: candidates of the group that have not finished; the counts add up to at most that.
   */
  readonly select: (ranked: readonly Path[], slots: number, plan: SearchPlan) => readonly number[];
}

export type Strategy = SamplingStrategy | StepStrategy;

/** `slots` dealt out over the first `keep` of `paths` as evenly as can be, the better ones first. */
export function spread(slots: number, keep: number, paths: number): number[] {
  const kept = Math.min(keep, paths);
  return Array.from({ length: paths }, (_, rank) =>
    rank < kept ? Math.floor(slots / kept) + (rank < slots % kept ? 1 : 0) : 0,
  );
}

/**
 * What a strategy is. The frontier (frontier.ts) does everything else: it grows, scores, drops duplicates, keeps the
 * budget and counts votes.
 */
import type { Rng } from "#shared/rng.js";
import type { RankedPath } from "./ranking.js";
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
  /** Whether kept paths are sampled `beamWidth` times; n is a multiple of that then. */
  readonly usesBeamWidth: boolean;
  /**
   * How many children each path gets, in the order of `ranked`: the group's unfinished paths, distinct, best first. The
   * counts add up to at most `round.slots`.
   */
  readonly select: (ranked: readonly RankedPath[], round: Round) => readonly number[];
}

/** The end of a round of one group. */
export interface Round {
  readonly plan: SearchPlan;
  /** Candidates of the group that have not finished. */
  readonly slots: number;
  /** Steps of each path; they all have equally many. */
  readonly depth: number;
  /** Of this group and round alone, so that the same seed gives the same tree whatever runs beside it. */
  readonly rng: Rng;
}

export type Strategy = SamplingStrategy | StepStrategy;

/**
 * `slots` dealt out as evenly as can be over the best `keep` candidates, the better ones first. Candidates with equal
 * texts are one path, which gets the children of all of them: what is likely and good is not punished for being found
 * often, and no text is expanded twice.
 */
export function spread(slots: number, keep: number, ranked: readonly Pick<RankedPath, "copies">[]): number[] {
  const candidates = ranked.reduce((sum, { copies }) => sum + copies, 0);
  const kept = Math.min(keep, candidates);
  let place = 0;
  return ranked.map(({ copies }) => {
    let children = 0;
    for (let copy = 0; copy < copies && place < kept; copy++, place++)
      children += Math.floor(slots / kept) + (place < slots % kept ? 1 : 0);
    return children;
  });
}

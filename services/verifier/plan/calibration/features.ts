/** What a calibration's models see of a search. The fit and the search call the same functions. Pure. */
import type { Candidate } from "../../search/types.js";
import type { Tally } from "../../search/vote.js";
import { agreementOf } from "../difficulty.js";

export type Sampled = Pick<Candidate, "answer" | "score" | "meanEntropy">;

/** In the order of `difficultyFeatures`. */
export const DIFFICULTY_FEATURES = [
  "agreement",
  "mean entropy",
  "mean score",
  "best score",
  "prompt",
] as const;

/**
 * Of the first samples. `samples`: how many were drawn, those that did not finish included. `promptScore`: the prompt
 * probe's; undefined without one.
 */
export function difficultyFeatures(
  finished: readonly Sampled[],
  samples: number,
  promptScore: number | undefined,
): (number | undefined)[] {
  const scores = finished.flatMap(({ score }) => score ?? []);
  return [
    agreementOf(finished, samples),
    meanOf(finished.map(({ meanEntropy }) => meanEntropy)),
    // A sample that did not finish is worth nothing.
    scores.length === 0 ? undefined : logit(scores.reduce((sum, score) => sum + score, 0) / samples),
    scores.length === 0 ? undefined : logit(Math.max(...scores)),
    promptScore,
  ];
}

/** In the order of `confidenceFeatures`. */
export const CONFIDENCE_FEATURES = {
  scored: ["share", "belief", "votes", "mean score", "mean entropy", "step search", "share in step search"],
  unscored: ["share", "votes", "mean entropy", "winner's entropy"],
} as const;

/**
 * Of finished candidates and their vote. `isStepSearch`: whether paths were kept and branched, so that they are kin and
 * their agreement proves less. `isWeighed`: by scores, where there were any. Undefined where nobody voted.
 */
export function confidenceFeatures(
  { votes, winner }: Pick<Tally, "votes" | "winner">,
  finished: readonly Sampled[],
  { isStepSearch, isWeighed }: { readonly isStepSearch: boolean; readonly isWeighed: boolean },
): { readonly kind: "scored" | "unscored"; readonly values: (number | undefined)[] } | undefined {
  const first = votes[0];
  if (winner === undefined || first === undefined) return undefined;
  const share = logit(first.share);
  const count = Math.log2(1 + first.count);
  const entropy = meanOf(finished.map(({ meanEntropy }) => meanEntropy));
  if (!isWeighed || winner.score === undefined)
    return { kind: "unscored", values: [share, count, entropy, winner.meanEntropy] };
  const scores = finished.flatMap(({ score }) => score ?? []);
  const kin = isStepSearch ? 1 : 0;
  return {
    kind: "scored",
    values: [share, logit(winner.score), count, logit(meanOf(scores)!), entropy, kin, kin * share],
  };
}

/** Clipped, so that certainty does not outweigh everything else. */
export function logit(probability: number): number {
  const inside = Math.min(1 - 1e-3, Math.max(1e-3, probability));
  return Math.log(inside / (1 - inside));
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Ways to choose an answer among candidates, each told by whether it was right. */
import type { Candidate } from "./candidates.js";
import type { Scorer } from "./scorers.js";

/** 1 when the choice among these candidates is right, else 0. */
export type Chooser = (candidates: readonly Candidate[]) => number;

const answering = (candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.filter(({ answer }) => answer !== undefined);

const isRight = (candidate: Candidate | undefined): number => Number(candidate?.label === "right");

/** The first that was sampled, finished or not. */
export const first: Chooser = (candidates) => isRight(candidates[0]);

/** Whether any is right. */
export const oracle: Chooser = (candidates) => Number(candidates.some(({ label }) => label === "right"));

/** The highest score, the earlier on a tie. */
export function bestOf({ score }: Pick<Scorer, "score">): Chooser {
  return (candidates) => {
    let best: Candidate | undefined;
    for (const candidate of answering(candidates))
      if (best === undefined || score(candidate) > score(best)) best = candidate;
    return isRight(best);
  };
}

/** The answer with the largest sum of weights, the earlier on a tie. */
export function voteOf({ logWeight }: Pick<Scorer, "logWeight">): Chooser {
  return (candidates) => {
    const voters = answering(candidates);
    const weights = voters.map(logWeight);
    // Relative to the heaviest: weights such as e^-900 would all be 0.
    const top = Math.max(...weights);
    const mass = new Map<string, { total: number; readonly right: number }>();
    for (const [i, voter] of voters.entries()) {
      const entry = mass.get(voter.answer!) ?? { total: 0, right: isRight(voter) };
      entry.total += Math.exp(weights[i]! - top);
      mass.set(voter.answer!, entry);
    }
    let best: { readonly total: number; readonly right: number } | undefined;
    for (const entry of mass.values()) if (best === undefined || entry.total > best.total) best = entry;
    return best?.right ?? 0;
  };
}

export const majority: Chooser = voteOf({ logWeight: () => 0 });

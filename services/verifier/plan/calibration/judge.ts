/** How far an answer can be trusted, as a calibration has measured it. */
import type { Candidate, SearchPlan } from "../../search/types.js";
import { isStepSearch } from "../../search/strategies.js";
import type { Tally } from "../../search/vote.js";
import { type Calibration, predict } from "./calibration.js";
import { confidenceFeatures } from "./features.js";

/** The chance that the vote's answer is right; 0 when there is none. */
export function calibratedConfidence(
  calibration: Calibration,
  vote: Pick<Tally, "votes" | "winner">,
  finished: readonly Candidate[],
  plan: Pick<SearchPlan, "strategy" | "vote">,
): number {
  const kind = { isStepSearch: isStepSearch(plan.strategy), isWeighed: plan.vote !== "majority" };
  return confidenceFrom(calibration, confidenceFeatures(vote, finished, kind));
}

/** The same of features that are there already. */
export function confidenceFrom(
  { confidence }: Pick<Calibration, "confidence">,
  features: ReturnType<typeof confidenceFeatures>,
): number {
  return features === undefined ? 0 : predict(confidence[features.kind], features.values);
}

import type { PlanRequest__Output } from "#shared/rpc/gen/deliberate/v1/PlanRequest.js";
import type { PlanResponse } from "#shared/rpc/gen/deliberate/v1/PlanResponse.js";
import type { UnaryHandler } from "#shared/rpc/methods.js";
import type { Calibration } from "../plan/calibration/calibration.js";
import { applicable } from "../plan/calibration/fits.js";
import { planAhead } from "../plan/ahead.js";
import { featuresOf, temperatureFor } from "../plan/planner.js";
import type { Policy } from "../ports.js";
import type { Scorers } from "../score/scorers.js";
import { toPlanned } from "./codec.js";
import type { RequestLimits } from "./limits.js";
import { fromPlan } from "./reply-codec.js";

export interface PlanParts {
  readonly policy: Policy;
  readonly scorers: Scorers;
  readonly calibration: Calibration | undefined;
  readonly limits: RequestLimits;
}

/** What AUTO would do. Asks the policy who it is; samples nothing. */
export function plan({
  policy,
  scorers,
  calibration,
  limits,
}: PlanParts): UnaryHandler<PlanRequest__Output, PlanResponse> {
  return async (message, { signal }) => {
    const { verifier, request, budget } = toPlanned(message, limits);
    const scorer = await scorers.resolve(verifier, true, signal);
    const info = await policy.info(signal);
    const applied = applicable(calibration, request, info, scorer);
    const features = featuresOf(info, scorer, applied);
    const { first, followUps } = planAhead(request, features, budget);
    const temperature = temperatureFor(request, features);
    // oxlint-disable-next-line unicorn/no-thenable -- the contract's field; a list is never taken for a promise
    return { first: fromPlan(first), then: followUps.map(fromPlan), temperature };
  };
}

/** What a search runs, one run after the other, each decided with all that came before in view. */
import type {
  Candidate,
  SearchPlan,
  SearchRequest,
  StopReason,
  StrategyName,
  Budget,
} from "../search/types.js";
import type { Tally } from "../search/vote.js";
import { auto } from "./auto.js";
import { calibratedAuto } from "./calibration/auto.js";
import { type Features, planFixed } from "./planner.js";

export interface Run {
  /** Announced when it is not the one announced last. */
  readonly plan: SearchPlan;
  /** Candidates of this run, which may be a part of `plan.n`; 0 announces the plan only. */
  readonly candidates: number;
}

export interface Progress {
  /** All that finished, in the order in which they did. */
  readonly candidates: readonly Candidate[];
  readonly tally: Tally;
  /** Solutions that the rest of the budget is expected to pay for, with their reading by the verifier or without. */
  readonly affordable: (isRead: boolean) => number;
}

/** Yields runs and is told what came of them; returns why it stops, unless the last run's own reason says it. */
export type Schedule = Generator<Run, StopReason | undefined, Progress>;

/** `start`: nothing has run. */
export function createSchedule(
  request: SearchRequest,
  features: Features,
  budget: Budget,
  start: Progress,
): Schedule {
  const { strategy } = request;
  if (strategy !== "auto") return fixed({ ...request, strategy }, features, budget);
  const { calibration } = features;
  return calibration === undefined
    ? auto(request, features)
    : calibratedAuto(request, features, budget, calibration, start);
}

function* fixed(
  request: SearchRequest & { strategy: StrategyName },
  features: Features,
  budget: Budget,
): Schedule {
  const plan = planFixed(request, features, budget);
  yield { plan, candidates: plan.n };
  return undefined;
}

/**
 * AUTO by a calibration: the first samples and the prompt say how hard the problem is, the table what pays there within
 * the budget, and after every run the calibrated confidence whether to go on.
 */
import type { Budget, SearchPlan, SearchRequest, StopReason } from "../../search/types.js";
import { isScored } from "../../search/strategies.js";
import { budgetTokens, type Features, planFirst, planRun } from "../planner.js";
import type { Progress, Schedule } from "../schedule.js";
import {
  type BudgetTier,
  binOf,
  type Calibration,
  type CalibratedRow,
  nameOf,
  passRateFrom,
  tierOf,
} from "./calibration.js";
import { difficultyFeatures } from "./features.js";

export function* calibratedAuto(
  request: SearchRequest,
  features: Features,
  budget: Budget,
  calibration: Calibration,
  start: Progress,
): Schedule {
  const tier = tierOf(calibration, budgetTokens(budget, features));
  const first = tier.firstSamples === 0 ? undefined : planFirst(request, features, tier.firstSamples);
  let progress = first === undefined ? start : yield { plan: first, candidates: first.n };
  let drawn = first?.n ?? 0;
  const seen = difficultyFeatures(progress.candidates, drawn, features.promptScore);
  const passRate = passRateFrom(calibration, tier, seen);
  const bin = binOf(calibration, passRate);
  const choice = { row: tier.rows[bin]!, name: nameOf(calibration, bin, tier), passRate };
  if (first !== undefined && (choice.row.runs.length === 0 || endOf(progress, tier) !== undefined)) {
    progress = yield { plan: planToStop(first, choice, progress), candidates: 0 };
    return endOf(progress, tier);
  }
  const isRead = isScored(choice.row.strategy);
  for (const run of choice.row.runs) {
    // Something is tried in any case.
    const affordable = Math.max(drawn === 0 ? 1 : 0, progress.affordable(isRead));
    const plan = planNext(request, features, choice, { run, drawn, affordable });
    if (plan === undefined) return drawn === request.n ? undefined : "budget";
    progress = yield plan;
    drawn += plan.candidates;
    // After a run that had to be narrower, what follows would be as narrow again.
    if (endOf(progress, tier) !== undefined || plan.candidates < run) break;
  }
  return endOf(progress, tier);
}

interface Choice {
  readonly row: CalibratedRow;
  readonly name: string;
  readonly passRate: number;
}

/** The first samples are all there is: says what they showed. */
function planToStop(first: SearchPlan, { name, passRate }: Choice, { tally }: Progress): SearchPlan {
  const reason =
    `After ${counted(first.n)} pass@1 is about ${passRate.toFixed(2)} and the answer's confidence ${tally.confidence.toFixed(2)}; ` +
    "more candidates would not pay.";
  return { ...first, row: name, reason, estimatedPassRate: passRate };
}

interface Next {
  readonly run: number;
  readonly drawn: number;
  readonly affordable: number;
}

function planNext(
  request: SearchRequest,
  features: Features,
  { row, name, passRate }: Choice,
  { run, drawn, affordable }: Next,
): { plan: SearchPlan; candidates: number } | undefined {
  const left = request.n === undefined ? run : Math.min(run, request.n - drawn);
  if (left < 1) return undefined;
  const width = request.beamWidth ?? (left % row.beamWidth === 0 ? row.beamWidth : undefined);
  const asked = { ...request, n: left, ...(width !== undefined && { beamWidth: width }) };
  const plan = planRun(asked, features, { row, name, run }, reasonFor(drawn, passRate, row), affordable);
  return plan && { plan: { ...plan, estimatedPassRate: passRate }, candidates: plan.n };
}

/** Undefined: go on. */
function endOf({ tally }: Progress, { stopAt, giveUpBelow }: BudgetTier): StopReason | undefined {
  if (tally.confidence >= stopAt) return "decided";
  return tally.confidence < giveUpBelow ? "gave_up" : undefined;
}

function reasonFor(drawn: number, passRate: number, { strategy, accuracy, problems }: CalibratedRow): string {
  return (
    `${drawn === 0 ? "By the prompt" : `After ${counted(drawn)}`} pass@1 is about ${passRate.toFixed(2)}; ` +
    `${strategy} paid best there when calibrated (${accuracy.toFixed(2)} right on ${problems} problems).`
  );
}

const counted = (n: number): string => (n === 1 ? "1 candidate" : `${n} candidates`);

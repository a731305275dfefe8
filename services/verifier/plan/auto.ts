/**
 * AUTO: a handful of samples shows how hard the problem is; the table says what to do about it; the samples stay
 * candidates. Stops as soon as the answer is settled, and gives up where more compute has not helped.
 */
import { isScored, isStepSearch } from "../search/strategies.js";
import type { SearchRequest, StopReason } from "../search/types.js";
import { estimateDifficulty } from "./difficulty.js";
import { type Features, planFirst, planRun, reasonFor } from "./planner.js";
import { isDecided } from "./posterior.js";
import type { Progress, Run } from "./schedule.js";
import { lookUp, type TableRow } from "./table.js";

type Schedule = Generator<Run, StopReason | undefined, Progress>;

/** The confidence from which a step search's answer is let stand: its paths are kin, so counting them proves nothing. */
const CONVINCED = 0.5;

interface Choice {
  readonly request: SearchRequest;
  readonly features: Features;
  readonly row: TableRow;
  readonly name: string;
  readonly reason: string;
  readonly passRate: number;
}

export function* auto(request: SearchRequest, features: Features): Schedule {
  const first = planFirst(request, features);
  const progress = yield { plan: first, candidates: first.n };
  const difficulty = estimateDifficulty(progress.candidates, first.n, features.strength);
  const { passRate } = difficulty;
  const { row, name } = lookUp(features.parameterCount, features.strength, passRate);
  const reason = reasonFor(difficulty, first.n, row, name);
  const choice = { request, features, row, name, reason, passRate };
  return yield* isStepSearch(row.strategy) ? searchOn(choice, progress) : sampleOn(choice, progress, first.n);
}

/** More samples, in growing batches, until the posterior is decided. One plan for all of them, the first ones included. */
function* sampleOn(choice: Choice, start: Progress, firstSamples: number): Schedule {
  const { request, features, row, name, reason, passRate } = choice;
  const total = row.runs.reduce((sum, run) => sum + run, firstSamples);
  const isRead = isScored(row.strategy);
  const planned = planRun(
    request,
    features,
    { row, name, run: total },
    reason,
    start.affordable(isRead) + firstSamples,
  );
  const plan = { ...planned!, estimatedPassRate: passRate };
  let progress = yield { plan, candidates: 0 };
  let drawn = firstSamples;
  for (const run of row.runs) {
    if (isSettled(progress, features)) return "decided";
    if (drawn >= plan.n) break;
    const candidates = Math.min(run, plan.n - drawn, Math.floor(progress.affordable(isRead)));
    if (candidates < 1) return "budget";
    const before = progress.candidates.length;
    progress = yield { plan, candidates };
    drawn += candidates;
    if (isHopeless(row, progress, before)) return undefined;
  }
  return isSettled(progress, features)
    ? "decided"
    : drawn < Math.min(total, request.n ?? total)
      ? "budget"
      : undefined;
}

/** Step searches of growing width, until one convinces. */
function* searchOn(choice: Choice, start: Progress): Schedule {
  const { request, features, row, name, passRate } = choice;
  let progress = start;
  for (const [i, run] of row.runs.entries()) {
    const confidence = progress.tally.confidence.toFixed(2);
    if (i > 0 && progress.tally.confidence >= CONVINCED) return "decided";
    const reason =
      i === 0 ? choice.reason : `Escalated again, to a wider search: confidence is still ${confidence}.`;
    const plan = planRun(
      request,
      features,
      { row, name, run },
      reason,
      Math.floor(progress.affordable(true)),
    );
    if (plan === undefined) return "budget";
    const before = progress.candidates.length;
    progress = yield { plan: { ...plan, estimatedPassRate: passRate }, candidates: plan.n };
    if (isHopeless(row, progress, before)) return undefined;
    // A wider search than the caller's n or the budget allows would be the same search again.
    if (plan.n < run) break;
  }
  return undefined;
}

/** A weak verifier's scores are worth nothing here, so that its votes are counted. */
function isSettled({ tally }: Progress, { strength }: Features): boolean {
  return isDecided(tally, { weigh: strength === "strong" });
}

/** Whether the last run's best candidate is so poor that more of the same is waste. */
function isHopeless(row: TableRow, progress: Progress, before: number): boolean {
  if (row.giveUpBelow === undefined) return false;
  const best = Math.max(0, ...progress.candidates.slice(before).map((candidate) => candidate.score ?? 0));
  return best < row.giveUpBelow;
}

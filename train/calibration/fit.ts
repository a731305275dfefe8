/** From a study to everything that a calibration fits. Pure: the same study gives the same fit. */
import { binOf, type Calibration } from "#verifier/plan/calibration/calibration.js";
import { confidenceFrom } from "#verifier/plan/calibration/judge.js";
import { candidatesOf } from "./actions.js";
import { estimate, fitModels, type Models } from "./fit-models.js";
import { type Case, fitTiers, type Stop } from "./fit-table.js";
import { firstOf, ROTATIONS, type Station } from "./replay.js";
import type { Studied, Study } from "./study.js";
import { measureArms, widthCapOf } from "./width-cap.js";

export type Fit = Models & Pick<Calibration, "bins" | "tiers" | "widthCap">;

/** 0.1 is where the papers' table calls a problem hard; the other two cut the rest into three, finer where it is harder. */
const BINS = [0.1, 0.3, 0.6];

/** `budgets`: of the tiers, ascending. */
export function fitCalibration(study: Study, budgets: readonly number[]): Fit {
  const { promptScores, ...models } = fitModels(study);
  const widthCap = widthCapOf(measureArms(study));
  const cases = study.problems.flatMap((studied, problem) =>
    casesOf(study, studied, problem, models, promptScores[problem]),
  );
  // No more samples than the first is always allowed.
  const allowed = study.actions.map((action) => action.runs.length === 0 || candidatesOf(action) <= widthCap);
  const kept = <T>(byAction: readonly T[]): T[] => byAction.filter((_, action) => allowed[action]);
  const tiers = fitTiers(
    cases.map(({ stops, ...rest }) => ({ ...rest, stops: kept(stops) })),
    kept(study.actions),
    BINS.length + 1,
    budgets,
  );
  return { ...models, bins: BINS, tiers, widthCap };
}

/** The replays of a problem as a fit sees them. */
function casesOf(
  { layout }: Study,
  { observation, replays }: Studied,
  problem: number,
  models: Models,
  promptScore: number | undefined,
): Case[] {
  return Array.from({ length: ROTATIONS }, (_, rotation) => {
    const passRate = estimate(models.difficulty, firstOf(observation, layout, rotation), promptScore);
    const stops = replays[rotation]!.map((stations) => stopsOf(models, stations));
    return { problem, bin: binOf({ bins: BINS }, passRate), stops };
  });
}

export const stopsOf = (models: Models, stations: readonly Station[]): Stop[] =>
  stations.map((station) => ({
    correct: station.correct,
    tokens: station.tokens,
    confidence: confidenceFrom(models, station.features),
  }));

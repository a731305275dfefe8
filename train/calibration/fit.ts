/** From a study to everything that a calibration fits. Pure: the same study gives the same fit. */
import { binOf, type Calibration } from "#verifier/plan/calibration/calibration.js";
import { confidenceFrom } from "#verifier/plan/calibration/judge.js";
import { isScored } from "#verifier/search/strategies.js";
import { candidatesOf } from "./actions.js";
import { estimate, fitModels, type Models } from "./fit-models.js";
import { type Case, fitTiers, type OpeningCases, type Stop } from "./fit-table.js";
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
  const openings = study.openings.map((opening, place): OpeningCases => {
    // No more samples than the first is always allowed; and what nobody scores cannot be fooled by the verifier.
    const allowed = opening.actions.map(
      (action) =>
        !isScored(action.strategy) ||
        action.runs.length === 0 ||
        candidatesOf(action, opening.firstSamples) <= widthCap,
    );
    const cases = study.problems.flatMap((studied, problem) =>
      casesOf({ study, place, models }, studied, problem, promptScores[problem]),
    );
    const kept = <T>(byAction: readonly T[]): T[] => byAction.filter((_, action) => allowed[action]);
    return {
      firstSamples: opening.firstSamples,
      actions: kept(opening.actions),
      cases: cases.map(({ stops, ...rest }) => ({ ...rest, stops: kept(stops) })),
    };
  });
  return { ...models, bins: BINS, tiers: fitTiers(openings, BINS.length + 1, budgets), widthCap };
}

interface Place {
  readonly study: Study;
  /** Of the opening. */
  readonly place: number;
  readonly models: Models;
}

/** The replays of a problem as a fit sees them. */
function casesOf(
  { study: { layout, openings }, place, models }: Place,
  { observation, replays }: Studied,
  problem: number,
  promptScore: number | undefined,
): Case[] {
  const { firstSamples } = openings[place]!;
  return Array.from({ length: ROTATIONS }, (_, rotation) => {
    const first = firstOf(observation, layout, { firstSamples, rotation });
    const passRate = estimate(models.difficulty[place]!, first, promptScore);
    const stops = replays[place]![rotation]!.map((stations) => stopsOf(models, stations));
    return { problem, bin: binOf({ bins: BINS }, passRate), stops };
  });
}

export const stopsOf = (models: Models, stations: readonly Station[]): Stop[] =>
  stations.map((station) => ({
    correct: station.correct,
    tokens: station.tokens,
    confidence: confidenceFrom(models, station.features),
  }));

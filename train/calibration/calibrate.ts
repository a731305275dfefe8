/** From what was recorded of one pair to its calibration, and to how well that did on problems it had not seen. */
import { ServiceError } from "#shared/errors.js";
import { mean } from "#shared/stats.js";
import type { CalibratedPair } from "#verifier/plan/calibration/calibration.js";
import type { UnsignedCalibration } from "#verifier/plan/calibration/calibration-file.js";
import { budgetsFor } from "./budgets.js";
import { crossValidate } from "./cross-validation.js";
import { fitCalibration } from "./fit.js";
import type { Layout } from "./layout.js";
import { type Quality, qualityOf } from "./measured.js";
import type { Observation } from "./observation.js";
import { createStudy, type Study } from "./study.js";
import { measureArms } from "./width-cap.js";

/** Folds of fewer would hold next to nothing. */
export const MIN_PROBLEMS = 20;

/** What cannot be told from the recordings. */
export interface Frame {
  readonly command: string;
  /** SHA-256 over the problems and their answers, hex. */
  readonly problems: { readonly hash: string; readonly count: number };
  readonly seed: number;
  /** ISO 8601. */
  readonly date: string;
}

export type Measured = Frame & Layout & Quality;

export interface Calibrated extends UnsignedCalibration {
  readonly measured: Measured & Readonly<Record<string, unknown>>;
}

/**
 * The file is fitted on all problems, `measured` on each without it.
 * @throws ServiceError `failed_precondition`: the problems are all too easy or all too hard to learn anything from
 */
export function calibrate(
  layout: Layout,
  observations: readonly Observation[],
  pair: CalibratedPair,
  frame: Frame,
  onFold: (done: number, total: number) => void,
): Calibrated {
  const study = createStudy(layout, observations);
  assertMixed(study);
  const costs = costsOf(study);
  const budgets = budgetsFor(Math.min(...costs), Math.max(...costs));
  const held = crossValidate(study, budgets, onFold);
  const quality = qualityOf(held, measureArms(study), budgets);
  return {
    pair,
    rejectBelow: layout.rejectBelow,
    solutionTokens: meanSolution(observations, layout),
    ...fitCalibration(study, budgets),
    measured: { ...frame, ...layout, ...quality },
  };
}

function assertMixed({ problems, layout }: Study): void {
  const rates = problems.map(({ passRate }) => passRate);
  const all = [
    { rate: 1, how: "right", remedy: "take harder problems" },
    { rate: 0, how: "wrong", remedy: "take easier problems, or check that their answers are right" },
  ].find(({ rate }) => rates.every((each) => each === rate));
  if (all !== undefined)
    throw new ServiceError(
      "failed_precondition",
      `some samples must be right and some wrong, but all ${layout.samples} samples of all ${problems.length} problems are ${all.how}, so there is nothing to learn: ${all.remedy}`,
    );
}

/** Mean tokens of every action. */
function costsOf({ openings, problems }: Study): number[] {
  return openings.flatMap(({ actions }, opening) =>
    actions.map((_, action) =>
      mean(problems.map(({ replays }) => replays[opening]![0]![action]!.at(-1)!.tokens)),
    ),
  );
}

const meanSolution = (observations: readonly Observation[], { samples }: Layout): number =>
  mean(observations.map(({ pool }) => pool.spent.generatedTokens / samples));

/**
 * How well a calibration does on problems that it has not seen: everything is fitted again without each fold, and what
 * comes out is followed on the fold.
 */
import { mean } from "#shared/stats.js";
import { confidenceFrom } from "#verifier/plan/calibration/judge.js";
import {
  type BudgetTier,
  binOf,
  difficultyAfter,
  type DifficultyModel,
} from "#verifier/plan/calibration/calibration.js";
import { type Action, MOST_FIRST_SAMPLES } from "./actions.js";
import { type Fit, fitCalibration, stopsOf } from "./fit.js";
import { estimate, fitDifficulty, stationsOf } from "./fit-models.js";
import { endOf, isRight } from "./fit-table.js";
import { dealFolds, FOLDS } from "./folds.js";
import { passRateOf } from "./observation.js";
import { applyProbe } from "./prompt-probe.js";
import { firstOf } from "./replay.js";
import { partOf, type Studied, type Study } from "./study.js";

/** What a calibration that did not see the problem made of it. */
export interface HeldOut {
  readonly id: string;
  /** AUTO with each tier's budget, means over the replays. */
  readonly auto: readonly { readonly accuracy: number; readonly tokens: number }[];
  /** Estimates of pass@1 from the first samples; undefined without a probe. */
  readonly estimates: Readonly<Record<"prompt" | "samples" | "both", number | undefined>>;
  /** pass@1, by the samples that the estimates did not see. */
  readonly rate: number;
  /** At every station of its searches. */
  readonly confidences: readonly {
    readonly calibrated: number;
    readonly raw: number;
    readonly correct: boolean;
  }[];
}

/** In the order of the study. `onFold`: after each of them. */
export function crossValidate(
  study: Study,
  budgets: readonly number[],
  onFold: (done: number, total: number) => void = () => {},
): HeldOut[] {
  const { problems } = study;
  const folds = dealFolds(
    problems.map(({ passRate }) => passRate),
    "calibration folds",
  );
  const held: HeldOut[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const training = partOf(study, (problem) => folds[problem] !== fold);
    const fit = fitCalibration(training, budgets);
    const blind = fitDifficulty(
      training,
      MOST_FIRST_SAMPLES,
      training.problems.map(() => undefined),
    );
    for (const [i, studied] of problems.entries())
      if (folds[i] === fold) held[i] = follow(study, studied, fit, blind);
    onFold(fold + 1, FOLDS);
  }
  return held;
}

/** `blind`: the difficulty model without the prompt. */
function follow(study: Study, studied: Studied, fit: Fit, blind: DifficultyModel): HeldOut {
  const { observation } = studied;
  const { promptState, id } = observation;
  const promptScore =
    fit.promptProbe === undefined || promptState === undefined
      ? undefined
      : applyProbe(fit.promptProbe, promptState);
  const first = firstOf(observation, study.layout, { firstSamples: MOST_FIRST_SAMPLES, rotation: 0 });
  return {
    id,
    auto: fit.tiers.map((tier) => runAuto(study, studied, fit, promptScore, tier)),
    estimates: {
      prompt: promptScore && Math.min(1, Math.max(0, promptScore)),
      samples: estimate(blind, first, undefined),
      both:
        promptScore === undefined
          ? undefined
          : estimate(difficultyAfter(fit, MOST_FIRST_SAMPLES), first, promptScore),
    },
    rate: passRateOf(observation, study.layout.samples, first, MOST_FIRST_SAMPLES),
    confidences: stationsOf(studied).map((station) => ({
      calibrated: confidenceFrom(fit, station.features),
      raw: station.rawConfidence,
      correct: station.correct,
    })),
  };
}

function runAuto(
  { layout, openings }: Study,
  { observation, replays }: Studied,
  fit: Fit,
  promptScore: number | undefined,
  tier: BudgetTier,
): HeldOut["auto"][number] {
  const { firstSamples } = tier;
  const place = openings.findIndex((opening) => opening.firstSamples === firstSamples);
  const ends = replays[place]!.map((byAction, rotation) => {
    const first = firstOf(observation, layout, { firstSamples, rotation });
    const passRate = estimate(difficultyAfter(fit, firstSamples), first, promptScore);
    const row = tier.rows[binOf(fit, passRate)]!;
    return endOf(stopsOf(fit, byAction[indexOf(openings[place]!.actions, row)]!), tier, tier.tokens);
  });
  return {
    accuracy: mean(ends.map((end) => Number(isRight(end, tier.tokens)))),
    tokens: mean(ends.map(({ tokens }) => tokens)),
  };
}

const indexOf = (actions: readonly Action[], { strategy, runs }: Action): number =>
  actions.findIndex((action) => action.strategy === strategy && String(action.runs) === String(runs));

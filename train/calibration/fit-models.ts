/** The models of a calibration: how hard a problem is, and how far an answer can be trusted. */
import { mean } from "#shared/stats.js";
import {
  type Calibration,
  type DifficultyModel,
  type LogisticModel,
  predict,
} from "#verifier/plan/calibration/calibration.js";
import { CONFIDENCE_FEATURES, difficultyFeatures } from "#verifier/plan/calibration/features.js";
import { type Example, fitLogistic } from "./logistic.js";
import { type Part, passRateOf, samplesOf, toVoters } from "./observation.js";
import { fitPromptProbe } from "./prompt-probe.js";
import type { Station } from "./replay.js";
import type { Studied, Study } from "./study.js";

export type Models = Pick<Calibration, "promptProbe" | "difficulty" | "confidence">;

export interface FittedModels extends Models {
  /** By problem: what a probe that did not see it says of it. */
  readonly promptScores: readonly (number | undefined)[];
}

export function fitModels(study: Study): FittedModels {
  const { problems } = study;
  const states = problems.flatMap(({ observation }) => observation.promptState ?? []);
  const fitted =
    states.length < problems.length
      ? undefined
      : fitPromptProbe(
          states,
          problems.map(({ passRate }) => passRate),
        );
  // Of its own training problems a probe knows more than it will of others.
  const promptScores = problems.map((_, i) => fitted?.outOfFold[i]);
  return {
    promptProbe: fitted?.probe,
    promptScores,
    difficulty: study.openings.map(({ firstSamples }) => fitDifficulty(study, firstSamples, promptScores)),
    confidence: { scored: fitConfidence(study, "scored"), unscored: fitConfidence(study, "unscored") },
  };
}

/** On every handful of so many first samples in the pool, against the rest of it. */
export function fitDifficulty(
  { problems, layout }: Study,
  firstSamples: number,
  promptScores: readonly (number | undefined)[],
): DifficultyModel {
  const handfuls = firstSamples === 0 ? 1 : Math.floor(layout.samples / firstSamples);
  const examples = problems.flatMap(({ observation }, problem) =>
    Array.from({ length: handfuls }, (_, i): Example => {
      const part = samplesOf(observation, layout.samples, i * firstSamples, firstSamples);
      return {
        features: featuresOf(part, firstSamples, promptScores[problem]),
        target: passRateOf(observation, layout.samples, part, firstSamples),
        weight: 1 / handfuls,
      };
    }),
  );
  return { samples: firstSamples, ...fitLogistic(examples) };
}

const featuresOf = (first: Part, samples: number, promptScore: number | undefined): (number | undefined)[] =>
  difficultyFeatures(toVoters(first.candidates), samples, promptScore);

/** Of pass@1, from the model's first samples. */
export const estimate = (model: DifficultyModel, first: Part, promptScore: number | undefined): number =>
  predict(model, featuresOf(first, model.samples, promptScore));

function fitConfidence({ problems }: Study, kind: "scored" | "unscored"): LogisticModel {
  const examples = problems.flatMap((problem) => {
    const own = stationsOf(problem).filter(({ features }) => features?.kind === kind);
    return own.map(
      ({ features, correct }): Example => ({
        features: features!.values,
        target: Number(correct),
        weight: 1 / own.length,
      }),
    );
  });
  // Where nothing was answered nothing can be trusted.
  const nothing = { features: CONFIDENCE_FEATURES[kind].map(() => 0), target: 0, weight: 1 };
  return fitLogistic(examples.length === 0 ? [nothing] : examples);
}

/** The states that searches of this problem pass through, each once: what a way passes is the end of a shorter one. */
export const stationsOf = ({ replays, fixed }: Studied): Station[] => [
  ...fixed.flat(),
  ...replays.flat().flatMap((byAction) => byAction.map((stations) => stations.at(-1)!)),
];

/** Squared error of a chance against outcomes that come true at `rate`. */
export const brierOf = (pairs: readonly { readonly chance: number; readonly rate: number }[]): number =>
  mean(pairs.map(({ chance, rate }) => (chance - rate) ** 2 + rate * (1 - rate)));

import type {
  BudgetTier,
  Calibration,
  DifficultyModel,
  LogisticModel,
} from "#verifier/plan/calibration/calibration.js";
import { CONFIDENCE_FEATURES, DIFFICULTY_FEATURES } from "#verifier/plan/calibration/features.js";

/** Reads one feature as it is, as a logit. */
export function reading(names: readonly string[], feature: string, weight = 1): LogisticModel {
  return {
    intercept: 0,
    weights: names.map((name) => (name === feature ? weight : 0)),
    means: names.map(() => 0),
    deviations: names.map(() => 1),
  };
}

/** Of so many first samples, each the same reading. */
export const difficultyBy = (feature: string, ...samples: readonly number[]): DifficultyModel[] =>
  samples.map((count) => ({ samples: count, ...reading(DIFFICULTY_FEATURES, feature) }));

/** Never stops by itself. */
export const tier = (fields: Partial<BudgetTier> = {}): BudgetTier => ({
  tokens: 0,
  firstSamples: 4,
  stopAt: 1,
  giveUpBelow: 0,
  rows: [row()],
  ...fields,
});

export const row = (fields: Partial<BudgetTier["rows"][number]> = {}): BudgetTier["rows"][number] => ({
  strategy: "dvts",
  beamWidth: 4,
  runs: [8, 8],
  accuracy: 0.75,
  meanTokens: 500,
  problems: 40,
  ...fields,
});

/** Of the scripted policy and the toy scorer. Difficulty is the mean score, confidence the winner's belief. */
export function calibrationOf(fields: Partial<Calibration> = {}): Calibration {
  return {
    hash: "f".repeat(64),
    pair: {
      policy: { model: "scripted", modelHash: "0", precision: "fp32", chatTemplateHash: "" },
      verifier: { name: "prm", hash: "toy" },
      temperature: 0.8,
    },
    solutionTokens: 10,
    promptProbe: undefined,
    difficulty: difficultyBy("mean score", 4),
    confidence: {
      scored: reading(CONFIDENCE_FEATURES.scored, "belief"),
      unscored: reading(CONFIDENCE_FEATURES.unscored, "share"),
    },
    bins: [0.5],
    tiers: [tier({ stopAt: 0.9, giveUpBelow: 0.1, rows: [row(), row({ strategy: "best_of_n" })] })],
    rejectBelow: 0,
    widthCap: 64,
    ...fields,
  };
}

/**
 * What `deliberate calibrate` measured for one policy and one verifier: how to tell how hard a problem is, which strategy
 * pays at which difficulty and budget, when to stop, and how far an answer can be trusted. Data; the file's form is
 * calibration-file.ts's.
 */
import type { StrategyName } from "../../search/types.js";

/** Everything that the numbers depend on; another pair has other numbers. */
export interface CalibratedPair {
  readonly policy: {
    readonly model: string;
    readonly modelHash: string;
    readonly precision: string;
    readonly chatTemplateHash: string;
  };
  readonly verifier: { readonly name: "prm" | "swift"; readonly hash: string };
  readonly temperature: number;
}

/** Logistic regression over standardised features: sigmoid(intercept + sum of w (x - mean) / deviation). */
export interface LogisticModel {
  readonly intercept: number;
  readonly weights: readonly number[];
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** pass@1 as a linear map of the prompt's last hidden states, all layers behind each other; not clipped. */
export interface PromptProbe {
  readonly intercept: number;
  /** [hiddenStateCount * hiddenSize] */
  readonly weights: Float32Array;
}

/** Of pass@1, over `difficultyFeatures` of so many first samples; 0: of the prompt alone. */
export interface DifficultyModel extends LogisticModel {
  readonly samples: number;
}

/** What follows the first samples at one difficulty and budget. */
export interface CalibratedRow {
  readonly strategy: StrategyName;
  readonly beamWidth: number;
  /** Candidates of each run, one after the other; empty: the first samples decide, of which there are some then. */
  readonly runs: readonly number[];
  /** Share of right answers on the problems of the bin that the row was measured on. */
  readonly accuracy: number;
  /** Tokens of both models that a Solve took there. */
  readonly meanTokens: number;
  readonly problems: number;
}

export interface BudgetTier {
  /** Tokens of both models; the tier is for budgets from here on. */
  readonly tokens: number;
  /** Samples that the difficulty is estimated from, which stay candidates; 0: the prompt alone tells. */
  readonly firstSamples: number;
  /** An answer of this confidence is let stand. */
  readonly stopAt: number;
  /** Below this confidence more compute is not expected to help. */
  readonly giveUpBelow: number;
  /** By difficulty bin, hardest first. */
  readonly rows: readonly CalibratedRow[];
}

export interface Calibration {
  /** SHA-256 over all that follows, hex. */
  readonly hash: string;
  readonly pair: CalibratedPair;
  /** Mean tokens of one sample. */
  readonly solutionTokens: number;
  readonly promptProbe: PromptProbe | undefined;
  /** One for each `firstSamples` of the tiers. */
  readonly difficulty: readonly DifficultyModel[];
  /** That the answer is right, over `confidenceFeatures` with and without scores. */
  readonly confidence: { readonly scored: LogisticModel; readonly unscored: LogisticModel };
  /** Inner edges of the difficulty bins on estimated pass@1, ascending. */
  readonly bins: readonly number[];
  /** Ascending. */
  readonly tiers: readonly BudgetTier[];
  /** Partial solutions that the searches were measured without: those that score below it; 0: with all. */
  readonly rejectBelow: number;
  /** Candidates beyond which the verifier's errors were seen to cost accuracy; n is not planned above it. */
  readonly widthCap: number;
}

export function binOf({ bins }: Pick<Calibration, "bins">, passRate: number): number {
  return bins.filter((edge) => passRate >= edge).length;
}

/** `tokens`: what both models may spend; Infinity without a limit. Below the smallest tier, that one. */
export function tierOf({ tiers }: Calibration, tokens: number): BudgetTier {
  return tiers.findLast((tier) => tier.tokens <= tokens) ?? tiers[0]!;
}

/** The model for so many first samples, which must be there. */
export const difficultyAfter = (
  { difficulty }: Pick<Calibration, "difficulty">,
  firstSamples: number,
): DifficultyModel => difficulty.find(({ samples }) => samples === firstSamples)!;

/** What is thought of a problem after the tier's first samples; an unknown feature counts as an average one. */
export function passRateFrom(
  calibration: Pick<Calibration, "difficulty">,
  { firstSamples }: Pick<BudgetTier, "firstSamples">,
  features: readonly (number | undefined)[],
): number {
  return predict(difficultyAfter(calibration, firstSamples), features);
}

/** Of a row, for the reply. */
export function nameOf({ bins }: Calibration, bin: number, { tokens }: BudgetTier): string {
  const [low, high] = [bins[bin - 1] ?? 0, bins[bin] ?? 1];
  return `calibrated, pass@1 ${low}-${high}, from ${tokens} tokens`;
}

/** A feature that is not known counts as an average one. */
export function predict(
  { intercept, weights, means, deviations }: LogisticModel,
  features: readonly (number | undefined)[],
): number {
  const terms = weights.map((weight, i) => {
    const value = features[i];
    return value === undefined ? 0 : (weight * (value - means[i]!)) / deviations[i]!;
  });
  return 1 / (1 + Math.exp(-terms.reduce((sum, term) => sum + term, intercept)));
}

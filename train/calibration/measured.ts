/** What a calibration was measured on and how well it did there, on problems that it had not seen. For people. */
import { createRng } from "#shared/rng.js";
import { bootstrap, type Interval, mean, spearman } from "#shared/stats.js";
import { accuracyOf, mixtureAt } from "../strategies/mixture.js";
import { errorsOf } from "../strategies/reliability.js";
import type { HeldOut } from "./cross-validation.js";
import { brierOf } from "./fit-models.js";
import type { MeasuredArm } from "./fixed-strategies.js";

export interface TierResult {
  readonly budget: number;
  readonly auto: { readonly accuracy: Interval; readonly meanTokens: number };
  /**
   * The best of all fixed strategies at AUTO's mean tokens, or at those of the cheapest where AUTO takes fewer; chosen on
   * the same problems.
   */
  readonly bestFixed: { readonly strategy: string; readonly accuracy: number };
  /** AUTO minus that, paired by problem. */
  readonly difference: Interval;
}

export interface ArmResult {
  readonly strategy: string;
  readonly n: number;
  readonly accuracy: Interval;
  readonly meanTokens: number;
}

export interface EstimateResult {
  /** What it is made of. */
  readonly from: "prompt" | "samples" | "both";
  /** With pass@1. */
  readonly spearman: number;
  readonly brier: number;
}

export interface ConfidenceResult {
  readonly of: "calibrated" | "raw";
  /** Expected calibration error. */
  readonly ece: number;
  readonly brier: number;
}

/** Of held-out problems. */
export interface Quality {
  readonly tiers: readonly TierResult[];
  readonly strategies: readonly ArmResult[];
  readonly difficulty: readonly EstimateResult[];
  readonly confidence: readonly ConfidenceResult[];
}

export function qualityOf(
  held: readonly HeldOut[],
  arms: readonly MeasuredArm[],
  budgets: readonly number[],
): Quality {
  return {
    tiers: budgets.map((budget, tier) => tierResult(budget, tier, held, arms)),
    strategies: arms.map(({ strategy, n, arm }) => ({
      strategy,
      n,
      accuracy: intervalOf([...arm.accuracy.values()]),
      meanTokens: arm.cost.tokens,
    })),
    difficulty: (["prompt", "samples", "both"] as const).flatMap((from) => estimateResult(from, held)),
    confidence: (["calibrated", "raw"] as const).map((of) => confidenceResult(of, held)),
  };
}

const intervalOf = (values: readonly number[]): Interval =>
  bootstrap(values, mean, createRng("calibration intervals"));

function tierResult(
  budget: number,
  tier: number,
  held: readonly HeldOut[],
  arms: readonly MeasuredArm[],
): TierResult {
  const own = held.map(({ auto }) => auto[tier]!);
  const meanTokens = mean(own.map(({ tokens }) => tokens));
  const fixed = bestFixed(arms, meanTokens, held);
  return {
    budget,
    auto: { accuracy: intervalOf(own.map(({ accuracy }) => accuracy)), meanTokens },
    bestFixed: { strategy: fixed.strategy, accuracy: mean(fixed.byProblem) },
    difference: intervalOf(own.map(({ accuracy }, i) => accuracy - fixed.byProblem[i]!)),
  };
}

function bestFixed(arms: readonly MeasuredArm[], meanTokens: number, held: readonly HeldOut[]) {
  const names = [...new Set(arms.map(({ strategy }) => strategy))];
  const affordable = Math.max(meanTokens, Math.min(...arms.map(({ arm }) => arm.cost.tokens)));
  const found = names.flatMap((strategy) => {
    const ladder = arms.flatMap((each) => (each.strategy === strategy ? [each.arm] : []));
    const mixture = mixtureAt(ladder, "tokens", affordable);
    return mixture === undefined
      ? []
      : [{ strategy, byProblem: held.map(({ id }) => accuracyOf(mixture, id)) }];
  });
  return found.reduce((best, each) => (mean(each.byProblem) > mean(best.byProblem) ? each : best));
}

function estimateResult(from: EstimateResult["from"], held: readonly HeldOut[]): EstimateResult[] {
  const pairs = held.flatMap(({ estimates, rate }) =>
    estimates[from] === undefined ? [] : [{ chance: estimates[from], rate }],
  );
  if (pairs.length === 0) return [];
  const correlation = spearman(
    pairs.map(({ chance }) => chance),
    pairs.map(({ rate }) => rate),
  );
  return [{ from, spearman: correlation, brier: brierOf(pairs) }];
}

/** Every problem counts the same, however many stations it has. */
function confidenceResult(of: ConfidenceResult["of"], held: readonly HeldOut[]): ConfidenceResult {
  const outcomes = held.flatMap(({ confidences }) =>
    confidences.map(({ correct, ...each }) => ({
      confidence: each[of],
      correct,
      weight: 1 / (confidences.length * held.length),
    })),
  );
  return { of, ...errorsOf(outcomes) };
}

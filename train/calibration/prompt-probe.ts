/**
 * The prompt probe: ridge regression of pass@1 on the standardised states of a prompt's last token. There are far more
 * numbers in a state than problems, so it is solved in the dual: a system as large as the problems are many.
 */
import { mean } from "#shared/stats.js";
import type { PromptProbe } from "#verifier/plan/calibration/calibration.js";
import { dealFolds, FOLDS } from "./folds.js";
import { solvePositive } from "./solve-linear.js";

/** In units of a state's own squared length, so that they mean the same for every width. */
const RIDGES = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100];

export interface FittedProbe {
  readonly probe: PromptProbe;
  /** What probes that were fitted without the problem say of it; what else is fitted on this set must see these. */
  readonly outOfFold: readonly number[];
  readonly ridge: number;
}

/** `states`: one a problem. `targets`: pass@1. The ridge is chosen by cross-validation. */
export function fitPromptProbe(states: readonly Float32Array[], targets: readonly number[]): FittedProbe {
  const scale = scaleOf(states);
  const kernel = kernelOf(states.map((state) => standardise(state, scale)));
  const folds = dealFolds(targets, "prompt probe");
  const tried = RIDGES.map((ridge) => {
    const outOfFold = predictOutOfFold(kernel, targets, folds, ridge);
    return { ridge, outOfFold, error: mean(outOfFold.map((value, i) => (value - targets[i]!) ** 2)) };
  });
  const { ridge, outOfFold } = tried.reduce((best, each) => (each.error < best.error ? each : best));
  return { probe: foldBack(states, targets, scale, kernel, ridge), outOfFold, ridge };
}

/** Not clipped. */
export function applyProbe({ intercept, weights }: PromptProbe, state: Float32Array): number {
  let value = intercept;
  for (let i = 0; i < weights.length; i++) value += weights[i]! * state[i]!;
  return value;
}

interface Scale {
  readonly means: Float64Array;
  /** 0 where a number does not vary. */
  readonly inverseDeviations: Float64Array;
}

function scaleOf(states: readonly Float32Array[]): Scale {
  const width = states[0]!.length;
  const means = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const state of states) for (let i = 0; i < width; i++) means[i]! += state[i]! / states.length;
  for (const state of states)
    for (let i = 0; i < width; i++) squares[i]! += (state[i]! - means[i]!) ** 2 / states.length;
  return { means, inverseDeviations: squares.map((square) => (square > 1e-12 ? 1 / Math.sqrt(square) : 0)) };
}

const standardise = (state: Float32Array, { means, inverseDeviations }: Scale): Float32Array =>
  state.map((value, i) => (value - means[i]!) * inverseDeviations[i]!);

/** Inner products over the width: [problems, problems]. */
function kernelOf(rows: readonly Float32Array[]): Float64Array {
  const n = rows.length;
  const kernel = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const [a, b] = [rows[i]!, rows[j]!];
      let total = 0;
      for (let k = 0; k < a.length; k++) total += a[k]! * b[k]!;
      kernel[i * n + j] = kernel[j * n + i] = total / a.length;
    }
  return kernel;
}

/** One coefficient for each of the problems in `units`, of targets around their mean. */
function solveDual(
  kernel: Float64Array,
  targets: readonly number[],
  units: readonly number[],
  ridge: number,
): { readonly intercept: number; readonly coefficients: Float64Array } {
  const n = targets.length;
  const part = new Float64Array(units.length ** 2);
  for (const [i, a] of units.entries())
    for (const [j, b] of units.entries())
      part[i * units.length + j] = kernel[a * n + b]! + (i === j ? ridge : 0);
  const intercept = mean(units.map((unit) => targets[unit]!));
  const centred = units.map((unit) => targets[unit]! - intercept);
  return { intercept, coefficients: solvePositive(part, centred) };
}

function predictOutOfFold(
  kernel: Float64Array,
  targets: readonly number[],
  folds: readonly number[],
  ridge: number,
): number[] {
  const n = targets.length;
  const predicted = targets.map(() => mean(targets));
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = folds.flatMap((own, unit) => (own === fold ? [] : [unit]));
    const { intercept, coefficients } = solveDual(kernel, targets, others, ridge);
    for (const [unit, own] of folds.entries())
      if (own === fold)
        predicted[unit] = others.reduce(
          (total, other, i) => total + coefficients[i]! * kernel[unit * n + other]!,
          intercept,
        );
  }
  return predicted;
}

/** The dual solution as weights of raw states, so that nobody has to standardise any more. */
function foldBack(
  states: readonly Float32Array[],
  targets: readonly number[],
  scale: Scale,
  kernel: Float64Array,
  ridge: number,
): PromptProbe {
  const all = targets.map((_, i) => i);
  const { intercept, coefficients } = solveDual(kernel, targets, all, ridge);
  const width = states[0]!.length;
  const weights = new Float64Array(width);
  for (const [unit, state] of states.entries()) {
    const row = standardise(state, scale);
    for (let i = 0; i < width; i++) weights[i]! += (coefficients[unit]! * row[i]!) / width;
  }
  const raw = Float32Array.from(weights, (weight, i) => weight * scale.inverseDeviations[i]!);
  // Of the rounded weights, so that both agree.
  const offset = raw.reduce((total, weight, i) => total + weight * scale.means[i]!, 0);
  return { intercept: intercept - offset, weights: raw };
}

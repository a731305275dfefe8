/**
 * Ridge logistic regression by Newton's method (iteratively reweighted least squares). Targets may be shares. The penalty,
 * half of `ridge` times the squared weights of the standardised features, spares the intercept.
 */
import { sum } from "#shared/stats.js";
import type { LogisticModel } from "#verifier/plan/calibration/calibration.js";
import { solvePositive } from "./solve-linear.js";

export interface Example {
  /** Undefined: not known, which counts as average. */
  readonly features: readonly (number | undefined)[];
  /** In [0, 1]. */
  readonly target: number;
  readonly weight: number;
}

/** As strong as a tenth of a problem: enough that features which say the same share their weight, and that nothing is certain. */
const RIDGE = 0.1;
const MAX_STEPS = 50;
const TOLERANCE = 1e-10;

export function fitLogistic(examples: readonly Example[], ridge = RIDGE): LogisticModel {
  const { means, deviations } = scaleOf(examples);
  const rows = examples.map(({ features }) => [
    1,
    ...features.map((value, i) => (value === undefined ? 0 : (value - means[i]!) / deviations[i]!)),
  ]);
  const weights = new Float64Array(means.length + 1);
  let loss = lossOf(rows, examples, weights, ridge);
  for (let step = 0; step < MAX_STEPS; step++) {
    const direction = newtonStep(rows, examples, weights, ridge);
    // Halved until it helps: a full step from far away may overshoot.
    let [scale, next] = [1, Infinity];
    const moved = (): Float64Array => weights.map((weight, i) => weight - scale * direction[i]!);
    while (scale > 1e-6 && (next = lossOf(rows, examples, moved(), ridge)) > loss) scale /= 2;
    if (next > loss) break;
    weights.set(moved());
    if (loss - next < TOLERANCE) break;
    loss = next;
  }
  return { intercept: weights[0]!, weights: [...weights.subarray(1)], means, deviations };
}

/** Of the values that are known; what does not vary keeps its scale. */
function scaleOf(examples: readonly Example[]): Pick<LogisticModel, "means" | "deviations"> {
  const columns = examples[0]!.features.map((_, i) =>
    examples.flatMap(({ features, weight }) =>
      features[i] === undefined ? [] : [{ value: features[i], weight }],
    ),
  );
  const means = columns.map(weightedMean);
  const deviations = columns.map((column, i) => {
    const squares = column.map(({ value, weight }) => ({ value: (value - means[i]!) ** 2, weight }));
    return Math.sqrt(weightedMean(squares)) || 1;
  });
  return { means, deviations };
}

function weightedMean(values: readonly { readonly value: number; readonly weight: number }[]): number {
  const total = sum(values.map(({ weight }) => weight));
  return total === 0 ? 0 : sum(values.map(({ value, weight }) => value * weight)) / total;
}

const dot = (row: readonly number[], weights: Float64Array): number =>
  row.reduce((total, value, i) => total + value * weights[i]!, 0);

function lossOf(
  rows: readonly (readonly number[])[],
  examples: readonly Example[],
  weights: Float64Array,
  ridge: number,
): number {
  const losses = rows.map((row, i) => {
    const z = dot(row, weights);
    const { target, weight } = examples[i]!;
    // log(1 + e^z) - target z, without overflow.
    return weight * (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z);
  });
  return sum(losses) + (ridge / 2) * sum(weights.subarray(1).map((weight) => weight * weight));
}

/** Hessian^-1 gradient. */
function newtonStep(
  rows: readonly (readonly number[])[],
  examples: readonly Example[],
  weights: Float64Array,
  ridge: number,
): Float64Array {
  const n = weights.length;
  const hessian = new Float64Array(n * n);
  const gradient = new Float64Array(n);
  for (const [r, row] of rows.entries()) {
    const { target, weight } = examples[r]!;
    const p = 1 / (1 + Math.exp(-dot(row, weights)));
    for (let i = 0; i < n; i++) {
      gradient[i]! += weight * (p - target) * row[i]!;
      for (let j = 0; j <= i; j++) hessian[i * n + j]! += weight * p * (1 - p) * row[i]! * row[j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    if (i > 0) gradient[i]! += ridge * weights[i]!;
    // Nearly certain predictions leave the intercept without curvature.
    hessian[i * n + i]! += i > 0 ? ridge : 1e-9;
  }
  return solvePositive(hessian, gradient);
}

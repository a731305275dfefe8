/**
 * Fits the PRM's head: standardised step features -> one hidden layer (tanh) -> logit, by binary cross-entropy against
 * labels in [0, 1] (soft for Monte-Carlo estimates, hard for exact checks). AdamW, full precision, in plain arrays: a
 * few hundred weights train in seconds.
 */
import { createRng, shuffled } from "#shared/rng.js";
import { sigmoid } from "#verifier/score/probability.js";
import type { PrmHead } from "#verifier/score/prm/head.js";
import { AdamW } from "#train/optimizer.js";

export interface LabelledStep {
  /** [FEATURE_COUNT] */
  readonly features: Float64Array;
  /** The chance, in [0, 1], that the path up to this step is right. */
  readonly label: number;
}

export interface PrmTrainOptions {
  readonly hidden: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** Parameters as one vector: hidden weight [hidden, width], hidden bias [hidden], output weight [hidden], output bias. */
interface Layout {
  readonly width: number;
  readonly hidden: number;
  readonly hiddenBias: number;
  readonly outputWeight: number;
  readonly outputBias: number;
}

function layoutOf(width: number, hidden: number): Layout {
  const hiddenBias = hidden * width;
  return {
    width,
    hidden,
    hiddenBias,
    outputWeight: hiddenBias + hidden,
    outputBias: hiddenBias + 2 * hidden,
  };
}

/** The loss of one example; adds its gradient, scaled. Exported for the finite-difference test. */
export function accumulateHeadGradient(
  parameters: Float64Array,
  x: Float64Array,
  label: number,
  hidden: number,
  gradient: Float64Array,
  scale: number,
): number {
  const at = layoutOf(x.length, hidden);
  const units = new Float64Array(hidden);
  let logit = parameters[at.outputBias]!;
  for (let unit = 0; unit < hidden; unit++) {
    let total = parameters[at.hiddenBias + unit]!;
    for (let i = 0; i < at.width; i++) total += parameters[unit * at.width + i]! * x[i]!;
    units[unit] = Math.tanh(total);
    logit += parameters[at.outputWeight + unit]! * units[unit]!;
  }
  const slope = scale * (sigmoid(logit) - label);
  gradient[at.outputBias]! += slope;
  for (let unit = 0; unit < hidden; unit++) {
    gradient[at.outputWeight + unit]! += slope * units[unit]!;
    const back = slope * parameters[at.outputWeight + unit]! * (1 - units[unit]! ** 2);
    gradient[at.hiddenBias + unit]! += back;
    for (let i = 0; i < at.width; i++) gradient[unit * at.width + i]! += back * x[i]!;
  }
  // log(1 + e^l) - label l, written so that neither side overflows.
  return Math.max(logit, 0) - label * logit + Math.log1p(Math.exp(-Math.abs(logit)));
}

function standardization(steps: readonly LabelledStep[]): { mean: Float32Array; std: Float32Array } {
  const width = steps[0]!.features.length;
  const mean = new Float32Array(width);
  const std = new Float32Array(width);
  for (let i = 0; i < width; i++) {
    const values = steps.map((step) => step.features[i]!);
    mean[i] = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean[i]!) ** 2, 0) / values.length;
    std[i] = variance > 1e-12 ? Math.sqrt(variance) : 1;
  }
  return { mean, std };
}

/** Trains from random weights. Throws when the labels do not differ. */
export function trainPrmHead(steps: readonly LabelledStep[], options: PrmTrainOptions): PrmHead {
  const { hidden, learningRate, weightDecay, epochs, batchSize, seed } = options;
  if (new Set(steps.map((step) => step.label)).size < 2)
    throw new Error("a head needs steps with different labels, got one label only");
  const { mean, std } = standardization(steps);
  const ready = steps.map(({ features, label }) => ({
    x: features.map((value, i) => (value - mean[i]!) / std[i]!),
    label,
  }));
  const at = layoutOf(mean.length, hidden);
  const rng = createRng(seed, "init");
  const parameters = Float64Array.from(
    { length: at.outputBias + 1 },
    () => rng.normal() / Math.sqrt(at.width),
  );
  const optimizer = new AdamW(parameters.length);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(ready, createRng(seed, "epoch", epoch));
    // Linear decay to zero: the last epochs settle.
    const rate = learningRate * (1 - epoch / epochs);
    for (let from = 0; from < order.length; from += batchSize) {
      const batch = order.slice(from, from + batchSize);
      const gradient = new Float64Array(parameters.length);
      for (const { x, label } of batch)
        accumulateHeadGradient(parameters, x, label, hidden, gradient, 1 / batch.length);
      optimizer.update(parameters, gradient, rate, weightDecay);
    }
  }
  const part = (from: number, to: number): Float32Array => Float32Array.from(parameters.subarray(from, to));
  return {
    mean,
    std,
    hiddenWeight: part(0, at.hiddenBias),
    hiddenBias: part(at.hiddenBias, at.outputWeight),
    outputWeight: part(at.outputWeight, at.outputBias),
    outputBias: parameters[at.outputBias]!,
  };
}

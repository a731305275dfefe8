/**
 * Trains a SWIFT head (gate and reward rows over concatenated hidden states; arXiv 2505.12225) with binary
 * cross-entropy on whole solutions. The gradient is written out: with R = Σ g r / Σ g and dR = σ(R) - y,
 * ∂r_t = dR g_t / S and ∂g̃_t = dR g_t (1 - g_t) (r_t - R) / S, where g = σ(g̃) and S = Σ g.
 */
import { createRng, shuffled } from "#shared/rng.js";
import { sigmoid } from "#verifier/score/probability.js";
import { AdamW } from "#train/optimizer.js";

/** A solution's token states [tokens, width] row-major, and whether its answer was right. */
export interface SwiftExample {
  readonly states: Float32Array;
  readonly tokenCount: number;
  readonly correct: boolean;
  /** Solutions of one problem never stand on both sides of the validation split. */
  readonly problem: number;
}

/** R = Σ σ(gate·h + gateBias) (reward·h + rewardBias) / Σ σ(gate·h + gateBias). */
export interface SwiftWeights {
  readonly gate: Float32Array;
  readonly reward: Float32Array;
  readonly gateBias: number;
  readonly rewardBias: number;
}

export interface SwiftTrainOptions {
  readonly width: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly maxEpochs: number;
  /** Epochs without a better validation loss before stopping. */
  readonly patience: number;
  readonly batchSize: number;
  readonly seed: number;
}

export interface SwiftTrained {
  readonly weights: SwiftWeights;
  readonly epochs: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
}

/** One problem in five validates. */
const VALIDATION_SHARE = 5;

/** Parameters as one vector: gate [width], reward [width], gate bias, reward bias. */
function project(
  parameters: Float64Array,
  example: SwiftExample,
  width: number,
): { gates: number[]; rewards: number[]; score: number; total: number } {
  const gates: number[] = [];
  const rewards: number[] = [];
  let [weighted, total] = [0, 0];
  for (let t = 0; t < example.tokenCount; t++) {
    let [g, r] = [parameters[2 * width]!, parameters[2 * width + 1]!];
    const at = t * width;
    for (let i = 0; i < width; i++) {
      const h = example.states[at + i]!;
      g += parameters[i]! * h;
      r += parameters[width + i]! * h;
    }
    const gate = sigmoid(g);
    gates.push(gate);
    rewards.push(r);
    weighted += gate * r;
    total += gate;
  }
  return { gates, rewards, score: weighted / Math.max(total, 1e-8), total: Math.max(total, 1e-8) };
}

/** log(1 + e^-x) for a positive, log(1 + e^x) for a negative label. */
function lossOf(score: number, correct: boolean): number {
  const margin = correct ? score : -score;
  return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
}

/** The loss of one example; adds its gradient, scaled, to `gradient`. Exported for the finite-difference test. */
export function accumulateGradient(
  parameters: Float64Array,
  example: SwiftExample,
  width: number,
  gradient: Float64Array,
  scale: number,
): number {
  const { gates, rewards, score, total } = project(parameters, example, width);
  const slope = scale * (sigmoid(score) - Number(example.correct));
  for (let t = 0; t < example.tokenCount; t++) {
    const gate = gates[t]!;
    const dReward = (slope * gate) / total;
    const dGate = (slope * gate * (1 - gate) * (rewards[t]! - score)) / total;
    const at = t * width;
    for (let i = 0; i < width; i++) {
      const h = example.states[at + i]!;
      gradient[i]! += dGate * h;
      gradient[width + i]! += dReward * h;
    }
    gradient[2 * width]! += dGate;
    gradient[2 * width + 1]! += dReward;
  }
  return lossOf(score, example.correct);
}

/** Mean and deviation of each feature over all tokens; constant features get deviation 1. */
function moments(
  examples: readonly SwiftExample[],
  width: number,
): { mean: Float64Array; deviation: Float64Array } {
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  let count = 0;
  for (const { states, tokenCount } of examples) {
    count += tokenCount;
    for (let at = 0; at < states.length; at++) {
      const value = states[at]!;
      mean[at % width]! += value;
      square[at % width]! += value * value;
    }
  }
  const deviation = square.map((total, i) => Math.sqrt(Math.max(0, total / count - (mean[i]! / count) ** 2)));
  return {
    mean: mean.map((total) => total / count),
    deviation: deviation.map((value) => (value > 1e-6 ? value : 1)),
  };
}

function standardize(example: SwiftExample, mean: Float64Array, deviation: Float64Array): SwiftExample {
  const states = example.states.map((value, at) => {
    const i = at % mean.length;
    return (value - mean[i]!) / deviation[i]!;
  });
  return { ...example, states };
}

/** Undoes the standardisation in the weights: w·(h - mean)/dev + b = (w/dev)·h + (b - w·mean/dev). */
function fold(parameters: Float64Array, mean: Float64Array, deviation: Float64Array): SwiftWeights {
  const width = mean.length;
  const row = (from: number): { weights: Float32Array; shift: number } => {
    const weights = new Float32Array(width);
    let shift = 0;
    for (let i = 0; i < width; i++) {
      weights[i] = parameters[from + i]! / deviation[i]!;
      shift += (parameters[from + i]! * mean[i]!) / deviation[i]!;
    }
    return { weights, shift };
  };
  const [gate, reward] = [row(0), row(width)];
  return {
    gate: gate.weights,
    reward: reward.weights,
    gateBias: parameters[2 * width]! - gate.shift,
    rewardBias: parameters[2 * width + 1]! - reward.shift,
  };
}

/**
 * Trains on standardised states and returns the weights of the epoch with the best validation loss, for raw states.
 * Needs at least two problems and both labels.
 */
export function trainSwiftHead(examples: readonly SwiftExample[], options: SwiftTrainOptions): SwiftTrained {
  const { width, learningRate, weightDecay, maxEpochs, patience, batchSize, seed } = options;
  const problems = shuffled([...new Set(examples.map((each) => each.problem))], createRng(seed, "split"));
  if (problems.length < 2) throw new Error(`a head needs at least two problems, got ${problems.length}`);
  if (new Set(examples.map((each) => each.correct)).size < 2)
    throw new Error("a head needs right and wrong solutions, got only one kind");
  const held = new Set(problems.slice(0, Math.max(1, Math.floor(problems.length / VALIDATION_SHARE))));
  const { mean, deviation } = moments(
    examples.filter((each) => !held.has(each.problem)),
    width,
  );
  const ready = examples.map((each) => standardize(each, mean, deviation));
  const training = ready.filter((each) => !held.has(each.problem));
  const validation = ready.filter((each) => held.has(each.problem));

  const rng = createRng(seed, "init");
  const parameters = Float64Array.from(
    { length: 2 * width + 2 },
    () => (2 * rng.next() - 1) / Math.sqrt(width),
  );
  const optimizer = new AdamW(parameters.length);
  let best = { parameters: parameters.slice(), validationLoss: Infinity, trainLoss: Infinity, epoch: 0 };
  for (let epoch = 1; epoch <= maxEpochs && epoch - best.epoch <= patience; epoch++) {
    const order = shuffled(training, createRng(seed, "epoch", epoch));
    let trainLoss = 0;
    for (let from = 0; from < order.length; from += batchSize) {
      const batch = order.slice(from, from + batchSize);
      const gradient = new Float64Array(parameters.length);
      for (const each of batch)
        trainLoss += accumulateGradient(parameters, each, width, gradient, 1 / batch.length) / order.length;
      optimizer.update(parameters, gradient, learningRate, weightDecay);
    }
    let validationLoss = 0;
    for (const each of validation)
      validationLoss += lossOf(project(parameters, each, width).score, each.correct) / validation.length;
    if (validationLoss < best.validationLoss)
      best = { parameters: parameters.slice(), validationLoss, trainLoss, epoch };
  }
  const { validationLoss, trainLoss, epoch } = best;
  return { weights: fold(best.parameters, mean, deviation), epochs: epoch, trainLoss, validationLoss };
}

/** Passes over examples: rewards and losses under a head, and one epoch of training it. */
import { ServiceError } from "#shared/errors.js";
import { createRng, shuffled } from "#shared/rng.js";
import type { Breather } from "./breather.js";
import type { ExampleSource } from "./example-source.js";
import { backward, emptyRows, type Forward, forward, type Rows } from "./head-gradient.js";
import { clearRows, HeadOptimizer, randomRows, rawRows } from "./head-parameters.js";
import type { Loss } from "./losses.js";
import { eachRow, gradientFromRaw, type Moments } from "./moments.js";
import { batchesOf, groupsOf } from "./split.js";

export interface EpochOptions {
  readonly gated: boolean;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** Forward pass of an example under a head over raw features. */
export function forwardOf(source: ExampleSource, rows: Rows, index: number): Forward {
  const { tokens, problem } = source.examples[index]!;
  const result = forward(rows, source.read(index), tokens);
  if (!Number.isFinite(result.reward))
    throw new ServiceError(
      "failed_precondition",
      `features and weights must be finite, but the reward of a solution of training problem ${problem} is ${result.reward}: lower --learning-rate, or extract the features again`,
    );
  return result;
}

interface GroupResult {
  readonly loss: number;
  readonly forwards: readonly Forward[];
  /** dL/dR */
  readonly slopes: Float64Array;
}

function evaluateGroup(source: ExampleSource, rows: Rows, loss: Loss, group: readonly number[]): GroupResult {
  const forwards = group.map((index) => forwardOf(source, rows, index));
  const slopes = new Float64Array(group.length);
  const labels = group.map((index) => source.examples[index]!.correct);
  const rewards = Float64Array.from(forwards, ({ reward }) => reward);
  return { loss: loss.evaluate(rewards, labels, slopes), forwards, slopes };
}

/** Mean over groups; adds its gradient by raw weights. */
export function addGradient(
  source: ExampleSource,
  rows: Rows,
  loss: Loss,
  groups: readonly (readonly number[])[],
  gradient: Rows,
): number {
  let total = 0;
  for (const group of groups) {
    const result = evaluateGroup(source, rows, loss, group);
    total += result.loss / groups.length;
    for (const [i, index] of group.entries())
      backward(result.forwards[i]!, source.read(index), result.slopes[i]! / groups.length, gradient);
  }
  return total;
}

/** The mean loss over all groups of the source. */
export async function lossOf(
  source: ExampleSource,
  rows: Rows,
  loss: Loss,
  breather: Breather,
): Promise<number> {
  const groups = groupsOf(source.examples, loss);
  let total = 0;
  for (const group of groups) {
    total += evaluateGroup(source, rows, loss, group).loss / groups.length;
    await breather.breathe();
  }
  return total;
}

/** R of every example. */
export async function rewardsOf(source: ExampleSource, rows: Rows, breather: Breather): Promise<number[]> {
  const rewards: number[] = [];
  for (const index of source.examples.keys()) {
    rewards.push(forwardOf(source, rows, index).reward);
    await breather.breathe();
  }
  return rewards;
}

/** A head in training: parameters over standardised features (over raw ones without `moments`). */
export class HeadTraining {
  readonly #source: ExampleSource;
  readonly #loss: Loss;
  readonly #options: EpochOptions;
  readonly #moments: Moments | undefined;
  readonly #parameters: Rows;
  readonly #raw: Rows;
  readonly #gradient: Rows;
  readonly #optimizer = new HeadOptimizer();

  constructor(source: ExampleSource, loss: Loss, options: EpochOptions, moments: Moments | undefined) {
    this.#source = source;
    this.#loss = loss;
    this.#options = options;
    this.#moments = moments;
    const { gated, seed } = options;
    this.#parameters = randomRows(source.width, gated, createRng(seed, "init"));
    this.#raw = emptyRows(source.width, gated);
    this.#gradient = emptyRows(source.width, gated);
  }

  /** The head over raw features; changed by the next epoch. */
  rows(): Rows {
    return rawRows(this.#parameters, this.#moments, this.#raw);
  }

  /** All examples once, in an order of the epoch's own. Returns the mean loss over the steps' groups. */
  async epoch(epoch: number, breather: Breather): Promise<number> {
    const { seed, batchSize } = this.#options;
    const groups = groupsOf(this.#source.examples, this.#loss);
    const batches = batchesOf(shuffled(groups, createRng(seed, "epoch", epoch)), batchSize);
    let total = 0;
    for (const batch of batches) {
      total += (this.#step(batch) * batch.length) / groups.length;
      await breather.breathe();
    }
    return total;
  }

  #step(batch: readonly (readonly number[])[]): number {
    const { learningRate, weightDecay } = this.#options;
    clearRows(this.#gradient);
    const loss = addGradient(this.#source, this.rows(), this.#loss, batch, this.#gradient);
    const moments = this.#moments;
    if (moments !== undefined) eachRow(this.#gradient, (row) => gradientFromRaw(row, moments));
    this.#optimizer.update(this.#parameters, this.#gradient, learningRate, weightDecay);
    return loss;
  }
}

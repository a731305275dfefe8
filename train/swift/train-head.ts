/**
 * Trains a SWIFT head (arXiv 2505.12225): AdamW on gradients in closed form, a validation split by problem, and the
 * weights of the epoch with the best validation loss (the reference keeps the last ones, and splits by solution). Reads
 * its examples anew in every epoch, so they may be larger than memory.
 */
import { auc, mean } from "#shared/stats.js";
import type { SwiftRow } from "#verifier/score/swift/head.js";
import {
  assertBothLabels,
  assertTrainable,
  type ExampleSource,
  refused,
  sourceOf,
} from "./example-source.js";
import { Breather } from "./breather.js";
import { HeadTraining, lossOf, rewardsOf } from "./head-epoch.js";
import type { Rows } from "./head-gradient.js";
import { copyRows, toSwiftRow } from "./head-parameters.js";
import { LOSS, type LossName } from "./losses.js";
import { momentsOf } from "./moments.js";
import { byProblem, splitProblems } from "./split.js";

export interface SwiftTrainOptions {
  readonly loss: LossName;
  /** False: every token counts the same. */
  readonly gated: boolean;
  /** Train on features of mean 0 and deviation 1; the head that comes out reads raw ones all the same. */
  readonly normalize: boolean;
  /** Unset: `rateFor` what the head reads. */
  readonly learningRate?: number;
  readonly weightDecay: number;
  readonly maxEpochs: number;
  /** Epochs without a better validation loss before stopping. */
  readonly patience: number;
  /** Solutions of one step; losses that compare take whole problems until there are so many. */
  readonly batchSize: number;
  readonly seed: number;
}

/** The reference's settings but for the rate. */
export const HEAD_DEFAULTS = {
  loss: "bce",
  gated: true,
  normalize: true,
  weightDecay: 1e-5,
  maxEpochs: 40,
  patience: 5,
  batchSize: 16,
} as const satisfies Omit<SwiftTrainOptions, "seed">;

/**
 * A step of AdamW moves every weight by about the rate, and so the logit by that times the numbers read. The wide states of
 * a real model are learnt by heart within an epoch or two at the rate that suits a small one (SmolLM2-135M, 17,856 numbers,
 * `bench/results/swift-smollm2`: a validation loss of 1.08 at 1e-3 and of .48 at this rate, as published).
 */
export const rateFor = (width: number): number => 1e-3 * Math.min(1, 1500 / width);

export interface SwiftTrained {
  readonly gate: SwiftRow | undefined;
  readonly reward: SwiftRow;
  /** The epoch whose weights these are, from 1, and how many were run. */
  readonly bestEpoch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Of the best epoch; the training loss is the mean over its steps. */
  readonly trainLoss: number;
  readonly validationLoss: number;
  readonly trainingProblems: number;
  readonly validationProblems: number;
  /** Over all validation solutions, and the mean over its problems with right and wrong ones; undefined without such. */
  readonly validationAuc: number | undefined;
  readonly validationAucWithin: number | undefined;
}

export interface EpochReport {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
}

/**
 * The same for the same source, options and machine.
 * @throws ServiceError `failed_precondition`: see `assertTrainable`; no problem with right and wrong solutions for a loss
 * that compares them; features that are not finite. The signal's reason when aborted.
 */
export async function trainSwiftHead(
  source: ExampleSource,
  options: SwiftTrainOptions,
  signal: AbortSignal = new AbortController().signal,
  onEpoch: (report: EpochReport) => void = () => {},
): Promise<SwiftTrained> {
  assertTrainable(source);
  const loss = LOSS[options.loss];
  const split = splitProblems(source, loss, options.seed);
  const [training, validation] = [sourceOf(source, split.training), sourceOf(source, split.validation)];
  assertBothLabels(training);
  const breather = new Breather(signal);
  const moments = options.normalize ? await momentsOf(training, breather) : undefined;
  const { learningRate = rateFor(source.width) } = options;
  const run = new HeadTraining(training, loss, { ...options, learningRate }, moments);
  let best: { readonly rows: Rows; readonly report: EpochReport } | undefined;
  let epoch = 0;
  while (epoch < options.maxEpochs && epoch - (best?.report.epoch ?? 0) < options.patience) {
    epoch += 1;
    const trainLoss = await run.epoch(epoch, breather);
    const validationLoss = await lossOf(validation, run.rows(), loss, breather);
    const report = { epoch, trainLoss, validationLoss };
    onEpoch(report);
    if (best === undefined || validationLoss < best.report.validationLoss)
      best = { rows: copyRows(run.rows()), report };
  }
  if (best === undefined) throw refused("at least one epoch, got none");
  const { rows, report } = best;
  return {
    gate: rows.gate && toSwiftRow(rows.gate, source.scalars),
    reward: toSwiftRow(rows.reward, source.scalars),
    bestEpoch: report.epoch,
    epochs: epoch,
    learningRate,
    trainLoss: report.trainLoss,
    validationLoss: report.validationLoss,
    trainingProblems: split.training.size,
    validationProblems: split.validation.size,
    ...aucsOf(validation, await rewardsOf(validation, rows, breather)),
  };
}

function aucsOf({ examples }: ExampleSource, rewards: readonly number[]) {
  const of = (indices: readonly number[]): number | undefined =>
    auc(
      indices.map((index) => rewards[index]!),
      indices.map((index) => examples[index]!.correct),
    );
  const within = [...byProblem(examples).values()].map(of).filter((value) => value !== undefined);
  return {
    validationAuc: of([...examples.keys()]),
    validationAucWithin: within.length === 0 ? undefined : mean(within),
  };
}

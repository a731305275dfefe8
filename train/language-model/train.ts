/**
 * Trains a Llama-family model from nothing: warm-up and cosine, gradient clipping, packing, held-out loss, checkpoints
 * that resume exactly, progress with the time left. Knows tokens, not what they mean.
 */
import { buildEvaluation, buildTrainingStep, type AdamWOptions } from "#shared/lm/graph/training.js";
import { TrainingSession, type PackedBatch } from "#shared/lm/runtime/training-session.js";
import type { BatchShape } from "#shared/lm/graph/training.js";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { initialParameters } from "./init.js";
import { packBatch, type Document, type DocumentSource } from "./packing.js";
import { learningRateAt, type Schedule } from "./schedule.js";
import { loadState, type RunState, saveState } from "./state.js";

export interface TrainOptions {
  readonly config: ModelConfig;
  readonly shape: BatchShape;
  readonly schedule: Schedule;
  readonly optimizer: AdamWOptions;
  readonly seed: number;
  readonly threads: number;
  readonly documents: DocumentSource;
  readonly heldOut: readonly Document[];
  /** Steps between held-out losses, checkpoints and progress. */
  readonly every: number;
  /** Where the state is kept; a run that finds one there goes on from it. */
  readonly stateDir?: string;
  /** Parameters to start from instead of random ones. */
  readonly initial?: Float32Array;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  readonly step: number;
  readonly totalSteps: number;
  /** Mean training loss since the last report, nats per token. */
  readonly trainLoss: number;
  readonly heldOutLoss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
  readonly tokensSeen: number;
  readonly secondsLeft: number;
}

export interface Trained {
  readonly parameters: Float32Array;
  readonly history: readonly TrainProgress[];
}

function freshState({ config, seed, initial }: TrainOptions): RunState {
  const parameters = initial?.slice() ?? initialParameters(config, seed);
  const zeros = (): Float32Array => new Float32Array(parameters.length);
  const optimizer = { parameters, moment1: zeros(), moment2: zeros(), step: 0 };
  return { optimizer, nextDocument: 0, tokensSeen: 0 };
}

/** All of the held-out documents, as batches with the weight each has in the mean. */
function packHeldOut(
  documents: readonly Document[],
  shape: BatchShape,
): { batch: PackedBatch; weight: number }[] {
  const batches = [];
  for (let from = 0; from < documents.length; ) {
    const { batch, nextIndex } = packBatch((i) => documents[i]!, from, shape, documents.length - from);
    batches.push({ batch, weight: batch.lossWeights.reduce((sum, weight) => sum + weight, 0) });
    from = nextIndex;
  }
  return batches;
}

async function heldOutLoss(
  session: TrainingSession,
  parameters: Float32Array,
  batches: readonly { batch: PackedBatch; weight: number }[],
): Promise<number> {
  let sum = 0;
  let total = 0;
  for (const { batch, weight } of batches) {
    sum += weight * (await session.loss(parameters, batch));
    total += weight;
  }
  return sum / total;
}

/** Runs to the schedule's end, or until `signal` aborts (the state is saved first, so that the next run goes on). */
export async function trainLanguageModel(options: TrainOptions, signal: AbortSignal): Promise<Trained> {
  const { config, shape, schedule, optimizer, threads, every, stateDir, onProgress } = options;
  const run = (stateDir && (await loadState(stateDir))) || freshState(options);
  const session = await TrainingSession.create(buildTrainingStep(config, shape, optimizer), shape, threads);
  const evaluation = await TrainingSession.create(buildEvaluation(config, shape), shape, threads);
  const heldOut = packHeldOut(options.heldOut, shape);
  const history: TrainProgress[] = [];
  let [lossSum, steps, tokens, since] = [0, 0, 0, performance.now()];
  try {
    while (run.optimizer.step < schedule.totalSteps && !signal.aborted) {
      const learningRate = learningRateAt(run.optimizer.step, schedule);
      const packed = packBatch(options.documents, run.nextDocument, shape);
      const { loss, gradientNorm } = await session.step(run.optimizer, packed.batch, {
        learningRate,
        beta1: optimizer.beta1,
        beta2: optimizer.beta2,
      });
      run.nextDocument = packed.nextIndex;
      run.tokensSeen += packed.tokenCount;
      lossSum += loss;
      steps += 1;
      tokens += packed.tokenCount;
      const { step } = run.optimizer;
      if (!Number.isFinite(loss)) throw new Error(`the loss must stay finite, got ${loss} at step ${step}`);
      if (step % every !== 0 && step !== schedule.totalSteps) continue;
      const seconds = (performance.now() - since) / 1000;
      const progress: TrainProgress = {
        step,
        totalSteps: schedule.totalSteps,
        trainLoss: lossSum / steps,
        heldOutLoss: await heldOutLoss(evaluation, run.optimizer.parameters, heldOut),
        gradientNorm,
        learningRate,
        tokensPerSecond: tokens / seconds,
        tokensSeen: run.tokensSeen,
        secondsLeft: ((schedule.totalSteps - step) * seconds) / steps,
      };
      history.push(progress);
      onProgress?.(progress);
      if (stateDir) await saveState(stateDir, run);
      [lossSum, steps, tokens, since] = [0, 0, 0, performance.now()];
    }
    signal.throwIfAborted();
    return { parameters: run.optimizer.parameters, history };
  } finally {
    if (signal.aborted && stateDir) await saveState(stateDir, run);
    await session.dispose();
    await evaluation.dispose();
  }
}

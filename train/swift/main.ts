/**
 * `train swift`: a SWIFT head of a policy, from problems with answers. Rollouts through the running engine, labels by the
 * verifier's answer rules, features in one streamed pass, a head with its provenance and a card beside it. Everything but
 * the training of the head itself is kept in a directory and gone on with after an interruption.
 */
import type { Engine } from "#generator/engine/types.js";
import type { FileProblem } from "#train/problem-files/problem-file.js";
import type { SwiftHead, SwiftSampling } from "#verifier/score/swift/head-file.js";
import { writeSwiftHead } from "#verifier/score/swift/head-file.js";
import type { SwiftInput, SwiftSpan } from "#verifier/score/swift/head.js";
import { cardOf } from "./card.js";
import { extractFeatures } from "./extract-features.js";
import { FeatureStore } from "./feature-store.js";
import type { Featurizer } from "./featurizer.js";
import { featureWidth } from "./featurizer.js";
import { writeWhole } from "../files.js";
import type { FinalNorm } from "./final-norm.js";
import type { LabelCounts } from "./grade.js";
import { labelsOf, type RolloutProblem } from "./rollout-records.js";
import { recordSwiftRollouts, type SwiftRolloutOptions } from "./rollouts.js";
import { solutionSource } from "./solution-source.js";
import { type EpochReport, type SwiftTrained, type SwiftTrainOptions, trainSwiftHead } from "./train-head.js";

export interface SwiftProgress {
  readonly stage: "rollouts" | "features" | "training";
  /** Problems, tokens or epochs. */
  readonly done: number;
  readonly total: number;
  readonly epoch?: EpochReport;
}

export interface TrainSwiftOptions {
  readonly problems: readonly FileProblem[];
  readonly rollouts: Omit<SwiftRolloutOptions, "directory" | "onProgress">;
  readonly head: SwiftTrainOptions;
  readonly reads: { readonly input: SwiftInput; readonly scalars: boolean; readonly span: SwiftSpan };
  /** Needed when `reads.input` asks for it. */
  readonly finalNorm?: FinalNorm;
  /** Of rollouts and features. */
  readonly directory: string;
  /** Where the head goes; the card stands beside it, with `.md` for the ending. */
  readonly out: string;
  /** For the card. */
  readonly command: string;
  readonly onProgress: (progress: SwiftProgress) => void;
}

export interface SwiftResult extends SwiftTrained {
  readonly labels: LabelCounts;
  /** Tokens that the head was trained on and validated with, once. */
  readonly tokens: number;
  readonly seconds: { readonly rollouts: number; readonly features: number; readonly training: number };
}

/**
 * Writes the head and its card, both or neither.
 * @throws what its parts throw: see `recordSwiftRollouts`, `extractFeatures`, `trainSwiftHead`.
 */
export async function trainSwift(
  engine: Engine & Featurizer,
  options: TrainSwiftOptions,
  signal: AbortSignal,
): Promise<SwiftResult> {
  const { reads, directory, onProgress } = options;
  const clock = stopwatch();
  const records = await recordSwiftRollouts(
    engine,
    options.problems,
    {
      ...options.rollouts,
      directory,
      onProgress: (done, total) => onProgress({ stage: "rollouts", done, total }),
    },
    signal,
  );
  const rollouts = clock();
  const store = await openStore(engine, reads.input.kind, directory);
  try {
    await extractFeatures(engine, records, store, signal, (done, total) =>
      onProgress({ stage: "features", done, total }),
    );
    const features = clock();
    const { hiddenSize } = engine.info;
    const { finalNorm } = options;
    const source = solutionSource(records, reads, {
      store,
      hiddenSize,
      ...(finalNorm !== undefined && { finalNorm }),
    });
    const trained = await trainSwiftHead(source, options.head, signal, (epoch) =>
      onProgress({ stage: "training", done: epoch.epoch, total: options.head.maxEpochs, epoch }),
    );
    const tokens = source.examples.reduce((sum, example) => sum + example.tokens, 0);
    const seconds = { rollouts, features, training: clock() };
    const result: SwiftResult = { ...trained, labels: labelsOf(records), tokens, seconds };
    await writeHeadAndCard(engine, options, records, result);
    return result;
  } finally {
    await store.close();
  }
}

/** Seconds since the call before. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const since = last;
    last = performance.now();
    return (last - since) / 1000;
  };
}

/** The features of a policy in a directory of work. */
export async function openStore(
  { info }: Featurizer,
  features: SwiftInput["kind"],
  directory: string,
): Promise<FeatureStore> {
  const { modelHash, precision } = info;
  return FeatureStore.open(directory, {
    features,
    width: featureWidth(info, features),
    modelHash,
    precision,
  });
}

async function writeHeadAndCard(
  { info }: Engine,
  options: TrainSwiftOptions,
  records: readonly RolloutProblem[],
  result: SwiftResult,
): Promise<void> {
  const { reads, rollouts, out } = options;
  const { right, wrong } = result.labels;
  const head: Omit<SwiftHead, "name"> = {
    input: reads.input,
    span: reads.span,
    gate: result.gate,
    reward: result.reward,
    provenance: provenanceOf(info, rollouts.sampling),
    training: `${records.length} problems x ${rollouts.rollouts} rollouts, seed ${rollouts.seed}: ${right} right, ${wrong} wrong; loss ${options.head.loss}, best epoch ${result.bestEpoch}, validation loss ${result.validationLoss.toFixed(4)}`,
  };
  const card = cardOf(info, head, options, result);
  await writeWhole(cardBeside(out), card, () => writeSwiftHead(out, head));
}

/** Where the card of a head is. */
export const cardBeside = (head: string): string => head.replace(/(\.safetensors)?$/, ".md");

/** What a head of this engine is bound to. */
export function provenanceOf(info: Engine["info"], sampling: SwiftSampling): SwiftHead["provenance"] {
  const { modelHash, precision, chatTemplateHash } = info;
  return { modelHash, precision, adapter: "", chatTemplateHash, sampling };
}

/** How the shipped language models are made. The numbers are the result of a search on validation problems; see the cards. */
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import type { AdamWOptions, BatchShape } from "#shared/lm/graph/training.js";
import { VOCABULARY_SIZE } from "#train/tokenizer/tokenizer-json.js";
import { PRM_DIR } from "#train/paths.js";
import type { Schedule } from "./schedule.js";

export interface Recipe {
  readonly name: "policy" | "prm" | "policy-authors";
  readonly config: ModelConfig;
  /** A row holds the longest training document (under 180 tokens). */
  readonly shape: BatchShape;
  readonly schedule: Schedule;
  readonly optimizer: AdamWOptions;
  readonly seed: number;
  /** Directory of a checkpoint of the same shape whose weights it starts from; unset: from nothing. */
  readonly startFrom?: string;
  /** Who writes the solutions: the exact one, or the authors of `train/problems/authors.ts`. */
  readonly solutions: "exact" | "authored";
  /** Weight of each level in the training stream, easiest first. */
  readonly mixture: readonly number[];
  /** Share of drills among the training documents: `early` up to document number `until`, `late` from there on. */
  readonly drills: { readonly until: number; readonly early: number; readonly late: number };
}

const family = {
  modelType: "llama",
  vocabSize: VOCABULARY_SIZE,
  ropeTheta: 10_000,
  rmsNormEps: 1e-5,
  contextLength: 512,
  tieWordEmbeddings: true,
  attentionBias: "none",
  mlpBias: false,
  eosTokenIds: [0],
} as const;

const optimizer: AdamWOptions = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05, clipNorm: 1 };

/** The policy: small and briefly trained, so that it errs and has something to search for. */
export const policyRecipe: Recipe = {
  name: "policy",
  config: {
    ...family,
    hiddenSize: 128,
    intermediateSize: 384,
    numLayers: 4,
    numHeads: 4,
    numKvHeads: 2,
    headDim: 32,
  },
  shape: { batch: 10, time: 192 },
  schedule: { peakLearningRate: 3e-3, warmupSteps: 100, totalSteps: 2500, finalRatio: 0.03 },
  optimizer,
  seed: 11,
  solutions: "exact",
  mixture: [1, 1, 1, 1, 1, 1],
  // Sums are learnt from drills; reading, which is learnt late beside them, from the stories that follow.
  drills: { until: 12_000, early: 0.5, late: 0.2 },
};

/** The PRM's reader: wider, deeper and trained longer, because a reader no stronger than the policy cannot judge it. */
export const prmRecipe: Recipe = {
  name: "prm",
  config: {
    ...family,
    hiddenSize: 192,
    intermediateSize: 512,
    numLayers: 6,
    numHeads: 6,
    numKvHeads: 2,
    headDim: 32,
  },
  shape: { batch: 20, time: 192 },
  schedule: { peakLearningRate: 3e-3, warmupSteps: 100, totalSteps: 2200, finalRatio: 0.03 },
  optimizer,
  seed: 12,
  solutions: "exact",
  mixture: [1, 1, 1, 1, 1, 1],
  drills: { until: 20_000, early: 0.6, late: 0.25 },
};

/**
 * The second policy: the PRM's reader, which can do the sums, taught for a while by authors of unequal reliability. Its
 * errors persist within a text, which is what a SWIFT head needs to see anything.
 */
export const authorsRecipe: Recipe = {
  name: "policy-authors",
  config: prmRecipe.config,
  shape: prmRecipe.shape,
  schedule: { peakLearningRate: 1e-3, warmupSteps: 20, totalSteps: 240, finalRatio: 0.03 },
  optimizer,
  seed: 13,
  startFrom: PRM_DIR,
  solutions: "authored",
  mixture: [1, 1, 1, 1, 1, 1],
  drills: { until: 0, early: 0, late: 0 },
};

/**
 * The commands that make the shipped models, each from its seed alone: `deliberate train policy | prm | prm-head`. A SWIFT
 * head is made by `runTrainSwift` (`train/swift/run.ts`).
 */
import { join } from "node:path";
import { trainRecipe } from "./language-model/main.js";
import { authorsRecipe, policyRecipe, prmRecipe, type Recipe } from "./language-model/recipes.js";
import type { TrainProgress } from "./language-model/train.js";
import { openEngine, openReader } from "./open-models.js";
import { AUTHORS_DIR, POLICY_DIR, PRM_DIR } from "./paths.js";
import { trainPrm } from "./prm/main.js";

export interface RunOptions {
  /** Directory of the model that is made. */
  readonly out: string;
  /** The policy whose rollouts a PRM's head learns from. */
  readonly policy: string;
  readonly threads: number;
  readonly onStep: (progress: TrainProgress) => void;
  readonly onRollouts: (done: number, total: number) => void;
}

export type Metrics = Readonly<Record<string, number>>;

/** Longer than any gold solution. */
const MAX_SOLUTION_TOKENS = 120;
const PRM_HEAD = { problems: 400, rollouts: 8, completions: 4, maxTokens: MAX_SOLUTION_TOKENS, seed: 31 };

async function trainLanguageModel(
  recipe: Recipe,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Metrics> {
  const { out, threads, onStep } = options;
  const { history } = await trainRecipe(
    recipe,
    { out, threads, stateDir: join(out, ".training"), onProgress: onStep },
    signal,
  );
  const last = history.at(-1);
  return { held_out_loss: last?.heldOutLoss ?? Number.NaN, tokens_seen: last?.tokensSeen ?? 0 };
}

export const trainPolicyModel = (options: RunOptions, signal: AbortSignal): Promise<Metrics> =>
  trainLanguageModel(policyRecipe, options, signal);

export const trainAuthorsModel = (options: RunOptions, signal: AbortSignal): Promise<Metrics> =>
  trainLanguageModel(authorsRecipe, options, signal);

/** The reader, then the head on the policy's rollouts. */
export async function trainPrmModel(options: RunOptions, signal: AbortSignal): Promise<Metrics> {
  const reader = await trainLanguageModel(prmRecipe, options, signal);
  return { ...reader, ...(await trainPrmHeadOf(options, signal)) };
}

/** The head alone, for a PRM whose reader is trained. */
export async function trainPrmHeadOf(options: RunOptions, signal: AbortSignal): Promise<Metrics> {
  const { out, policy, threads, onRollouts } = options;
  const engine = await openEngine(policy, threads);
  const reader = await openReader(out, threads);
  try {
    const trained = await trainPrm(engine, reader, { ...PRM_HEAD, out, onProgress: onRollouts }, signal);
    return {
      head_steps: trained.steps,
      label_agreement: trained.labelAgreement,
      validation_auc_exact_labels: trained.validationAuc.exact,
      validation_auc_monte_carlo_labels: trained.validationAuc.monteCarlo,
    };
  } finally {
    await reader.model.dispose();
    await engine.dispose();
  }
}

/** Where each command writes unless told otherwise. */
export const DEFAULT_OUT = {
  policy: POLICY_DIR,
  "policy-authors": AUTHORS_DIR,
  prm: PRM_DIR,
  "prm-head": PRM_DIR,
} as const;
export type TrainTarget = keyof typeof DEFAULT_OUT;

export const TRAINERS: Readonly<
  Record<TrainTarget, (options: RunOptions, signal: AbortSignal) => Promise<Metrics>>
> = {
  policy: trainPolicyModel,
  "policy-authors": trainAuthorsModel,
  prm: trainPrmModel,
  "prm-head": trainPrmHeadOf,
};

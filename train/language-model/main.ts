/** Trains a shipped language model from its recipe and writes the checkpoint. */
import { rm } from "node:fs/promises";
import type { Recipe } from "./recipes.js";
import { createProblemEncoder, problemDocuments, withDrills } from "./documents.js";
import { type Trained, type TrainProgress, trainLanguageModel } from "./train.js";
import { writeCheckpoint } from "./write-checkpoint.js";

export interface TrainModelOptions {
  readonly out: string;
  readonly threads: number;
  /** Where an interrupted run is kept. */
  readonly stateDir: string;
  readonly onProgress: (progress: TrainProgress) => void;
}

const HELD_OUT_DOCUMENTS = 300;

export async function trainRecipe(
  recipe: Recipe,
  { out, threads, stateDir, onProgress }: TrainModelOptions,
  signal: AbortSignal,
): Promise<Trained> {
  const { config, shape, schedule, optimizer, seed, mixture, drills } = recipe;
  const encoder = createProblemEncoder(config.eosTokenIds[0]!);
  const validation = problemDocuments(encoder, mixture, "validation", seed);
  const trained = await trainLanguageModel(
    {
      config,
      shape,
      schedule,
      optimizer,
      seed,
      threads,
      documents: withDrills(encoder, problemDocuments(encoder, mixture, "train", seed), drills, seed),
      heldOut: Array.from({ length: HELD_OUT_DOCUMENTS }, (_, i) => validation(i)),
      every: 50,
      stateDir,
      onProgress,
    },
    signal,
  );
  await writeCheckpoint(out, config, trained.parameters, { recipe: recipe.name, seed: String(seed) });
  // A finished run has nothing to go on from; the next one starts anew.
  await rm(stateDir, { recursive: true, force: true });
  return trained;
}

/** Trains a shipped language model from its recipe and writes the checkpoint. */
import { rm } from "node:fs/promises";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { assertTensors } from "#shared/lm/checkpoint/tensors.js";
import { parameterLayout } from "#shared/lm/graph/training.js";
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

/** A checkpoint's weights in the order in which they are trained. Throws when it has other tensors than the config says. */
async function readParameters(dir: string, config: ModelConfig): Promise<Float32Array> {
  const { tensors } = await loadCheckpoint(dir);
  assertTensors(config, tensors);
  const layout = parameterLayout(config);
  const last = layout.at(-1)!;
  const parameters = new Float32Array(last.offset + last.length);
  for (const { name, offset } of layout) parameters.set(await tensors.read(name), offset);
  return parameters;
}

export async function trainRecipe(
  recipe: Recipe,
  { out, threads, stateDir, onProgress }: TrainModelOptions,
  signal: AbortSignal,
): Promise<Trained> {
  const { config, shape, schedule, optimizer, seed, drills, startFrom } = recipe;
  const encoder = createProblemEncoder(config.eosTokenIds[0]!);
  const validation = problemDocuments(encoder, recipe, "validation");
  const trained = await trainLanguageModel(
    {
      config,
      shape,
      schedule,
      optimizer,
      seed,
      threads,
      ...(startFrom !== undefined && { initial: await readParameters(startFrom, config) }),
      documents: withDrills(encoder, problemDocuments(encoder, recipe, "train"), drills, seed),
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

/** What is in models/: each checkpoint opened and checked as a service would. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { countParameters } from "#shared/lm/checkpoint/tensors.js";
import type { Check } from "../events.js";
import { MODELS_DIRECTORY } from "../paths.js";
import { compactNumber } from "../render/format.js";
import { check } from "./check.js";

/** One check per directory of models/ with a config.json, by name. */
export async function checkShippedModels(signal: AbortSignal): Promise<Check[]> {
  const entries = await readdir(MODELS_DIRECTORY, { withFileTypes: true }).catch(() => []);
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const checks: Check[] = [];
  for (const name of directories.sort()) {
    const directory = join(MODELS_DIRECTORY, name);
    const isModel = await stat(join(directory, "config.json")).then(
      () => true,
      () => false,
    );
    if (isModel) checks.push(await checkModel(`models/${name}`, directory, signal));
  }
  return checks;
}

/** One checkpoint, opened. */
export function checkModel(name: string, directory: string, signal: AbortSignal): Promise<Check> {
  return check(name, async () => {
    signal.throwIfAborted();
    const { config, tensors, chatTemplate, hash } = await loadCheckpoint(directory, signal);
    const weightBytes = await sumBytes(tensors.paths);
    return [
      config.modelType,
      `${compactNumber(countParameters(config))} parameters`,
      `context ${config.contextLength}`,
      `${compactNumber(weightBytes)}B of weights`,
      chatTemplate === undefined ? "no chat template" : "chat template",
      `hash ${hash.slice(0, 12)}`,
    ].join(", ");
  });
}

/** The models that every command uses by default are there at all. */
export async function checkDefaults(checks: readonly Check[]): Promise<Check> {
  return check("default models", async () => {
    const missing = ["models/policy", "models/prm"].filter(
      (name) => !checks.some((each) => each.name === name),
    );
    if (missing.length === 0) return "policy and prm are there";
    throw new ServiceError(
      "not_found",
      `${missing.join(" and ")} must be in the package and ${missing.length === 1 ? "is" : "are"} not: name others with --policy and --prm`,
    );
  });
}

async function sumBytes(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What a path to a checkpoint means: a directory with safetensors, a GGUF file, or a directory around one. */
import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { isFile } from "./files.js";
import { refuseFile } from "./refusal.js";

export const WEIGHTS = "model.safetensors";
export const INDEX = "model.safetensors.index.json";

export interface Location {
  /** Absolute; the directory that the weights lie in. */
  readonly directory: string;
  readonly weights: { readonly kind: "single" | "sharded" | "gguf"; readonly path: string };
  /** Whether the files beside the weights belong to the model: not so for a GGUF file that was named alone. */
  readonly isDirectory: boolean;
}

/**
 * @throws ServiceError `not_found` when there is neither a directory nor a GGUF file, `failed_precondition` for a
 * directory without weights or with several GGUF files.
 */
export async function locateCheckpoint(path: string): Promise<Location> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isDirectory() === true) return locateWeights(absolute);
  if (found?.isFile() === true && absolute.endsWith(".gguf")) {
    return { directory: dirname(absolute), weights: { kind: "gguf", path: absolute }, isDirectory: false };
  }
  const what = found === undefined ? "there is nothing" : "there is a file";
  const must = `a checkpoint must be a directory with config.json, ${WEIGHTS} and tokenizer.json, or a .gguf file`;
  throw new ServiceError("not_found", `${absolute}: ${must}, but ${what} here`, { reason: "NO_CHECKPOINT" });
}

async function locateWeights(directory: string): Promise<Location> {
  const at = (kind: Location["weights"]["kind"], file: string): Location => ({
    directory,
    weights: { kind, path: join(directory, file) },
    isDirectory: true,
  });
  if (await isFile(join(directory, WEIGHTS))) return at("single", WEIGHTS);
  if (await isFile(join(directory, INDEX))) return at("sharded", INDEX);
  const files = (await readdir(directory)).filter((name) => name.endsWith(".gguf")).sort();
  if (files.length === 1) return at("gguf", files[0]!);
  if (files.length > 1) {
    const problem = `must hold one GGUF file, got ${files.slice(0, 4).join(", ")}${files.length > 4 ? ", ..." : ""}`;
    const remedy =
      "name the one that is meant; parts of one model are put together with llama-gguf-split --merge";
    throw refuseFile(directory, `${problem}; ${remedy}`);
  }
  throw refuseFile(
    directory,
    `must hold ${WEIGHTS}, ${INDEX} or a .gguf file; convert weights of other formats to safetensors`,
  );
}

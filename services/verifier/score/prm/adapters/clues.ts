/** Looks at a directory without loading it and without ever refusing it: what cannot be read is not there. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isJsonObject, type JsonObject } from "#shared/lm/checkpoint/json.js";
import { openSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import type { Clues } from "./family.js";

/** Files beyond this are not read for clues; the largest tokenizer.json known has some 35 MB. */
const MAX_JSON_BYTES = 1 << 27;
/** How Hugging Face's download cache names the directory of a model, some levels above its files. */
const CACHED = "models--";

export async function readClues(dir: string): Promise<Clues> {
  const path = await realpath(resolve(dir)).catch(() => resolve(dir));
  // A file is no directory, whatever its name: a GGUF file alone is never a PRM.
  const found = await readdir(path).catch(() => undefined);
  const files = new Set(found);
  const [config, tokenizerConfig, manifest, tokenizer, tensors] = await Promise.all([
    readObject(path, "config.json"),
    readObject(path, "tokenizer_config.json"),
    readObject(path, "prm_config.json"),
    readObject(path, "tokenizer.json"),
    readTensorNames(path, files),
  ]);
  const { _name_or_path: published } = config;
  const own = found === undefined ? [] : [...namesOf(resolve(dir)), ...namesOf(path)];
  const names = [...own, typeof published === "string" ? published : ""].map((name) => name.toLowerCase());
  return { config, tokenizerConfig, manifest, files, tensors, tokens: tokensOf(tokenizer), names };
}

function namesOf(path: string): string[] {
  const levels = path.split(/[\\/]/u);
  return levels.filter((name, index) => index === levels.length - 1 || name.startsWith(CACHED));
}

async function readObject(path: string, file: string): Promise<JsonObject> {
  try {
    if ((await stat(join(path, file))).size > MAX_JSON_BYTES) return {};
    const json: unknown = JSON.parse(await readFile(join(path, file), "utf8"));
    return isJsonObject(json) ? json : {};
  } catch {
    return {};
  }
}

async function readTensorNames(path: string, files: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  if (files.has("model.safetensors")) {
    const source = await openSafetensors(join(path, "model.safetensors")).catch(() => undefined);
    return new Set(source?.tensors.keys());
  }
  const { weight_map: map } = await readObject(path, "model.safetensors.index.json");
  return new Set(isJsonObject(map) ? Object.keys(map) : []);
}

function tokensOf(tokenizer: JsonObject): ReadonlySet<string> {
  const { model, added_tokens: added } = tokenizer;
  const vocabulary = isJsonObject(model) ? model["vocab"] : undefined;
  const tokens = new Set(isJsonObject(vocabulary) ? Object.keys(vocabulary) : []);
  for (const token of Array.isArray(added) ? added : [])
    if (isJsonObject(token) && typeof token["content"] === "string") tokens.add(token["content"]);
  return tokens;
}

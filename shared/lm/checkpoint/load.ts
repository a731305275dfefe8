/** A Hugging Face model directory, opened and checked as a whole: what loads here can be made into a graph and run. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { basename, join, resolve } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { type ChatTemplate, createChatTemplate } from "./chat-template.js";
import { type ModelConfig, toModelConfig } from "./config.js";
import { type GenerationDefaults, toGenerationConfig } from "./generation-config.js";
import { isJsonObject, type JsonObject, parseJson } from "./json.js";
import { refuseFields, refuseFile } from "./refusal.js";
import { openSafetensors, openShardedSafetensors, type TensorSource } from "./safetensors.js";
import { assertTensors } from "./tensors.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

export interface Checkpoint {
  /** The directory's own name. */
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  readonly config: ModelConfig;
  readonly tensors: TensorSource;
  readonly tokenizer: Tokenizer;
  /** Absent for a model without one; such a model takes plain text. */
  readonly chatTemplate?: ChatTemplate;
  readonly generation: GenerationDefaults;
  /** SHA-256 over config.json and the weight files' content, hex. */
  readonly hash: string;
}

export const WEIGHTS = "model.safetensors";
export const INDEX = "model.safetensors.index.json";

/**
 * Opens a checkpoint; weights are hashed and checked by name and shape but not kept in memory.
 * @throws ServiceError `not_found` without such a directory, `failed_precondition` for a file that is missing, broken
 * or of an unsupported model, `invalid_argument` for a field that does not hold; each names the file and the remedy.
 */
export async function loadCheckpoint(dir: string, signal?: AbortSignal): Promise<Checkpoint> {
  const directory = resolve(dir);
  await assertDirectory(directory);
  const { config, configText, generation } = await readConfig(directory);
  const tokenizer = await readTokenizer(directory);
  assertVocabulary(tokenizer, config);
  const chatTemplate = await readChatTemplate(directory);
  const tensors = await openWeights(directory);
  assertTensors(config, tensors);
  const hash = await hashContent(configText, tensors.paths, signal);
  return {
    name: basename(directory),
    directory,
    config,
    tensors,
    tokenizer,
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    generation,
    hash,
  };
}

/** config.json and generation_config.json, which has the last word on the ends of a text. */
export async function readConfig(
  directory: string,
): Promise<Pick<Checkpoint, "config" | "generation"> & { readonly configText: string }> {
  const configText = await readRequired(directory, "config.json");
  const { defaults, eosTokenIds } = toGenerationConfig(await readJson(directory, "generation_config.json"));
  const config = withEosTokens(toModelConfig(parseJson("config.json", configText)), eosTokenIds);
  return { config, configText, generation: defaults };
}

export async function readTokenizer(directory: string): Promise<Tokenizer> {
  const config = await readTokenizerConfig(directory);
  return createTokenizer(await readRequired(directory, "tokenizer.json"), config);
}

export async function readChatTemplate(directory: string): Promise<ChatTemplate | undefined> {
  const config = await readTokenizerConfig(directory);
  return createChatTemplate(await readOptional(directory, "chat_template.jinja"), config);
}

async function readTokenizerConfig(directory: string): Promise<JsonObject> {
  return toObject("tokenizer_config.json", await readJson(directory, "tokenizer_config.json"));
}

async function assertDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const what = found === undefined ? "there is nothing" : "there is a file";
  const message = `${directory}: a checkpoint must be a directory with config.json, ${WEIGHTS} and tokenizer.json, but ${what} here`;
  throw new ServiceError("not_found", message, { reason: "NO_CHECKPOINT" });
}

function withEosTokens(config: ModelConfig, eosTokenIds: readonly number[] | undefined): ModelConfig {
  if (eosTokenIds === undefined) return config;
  const outside = eosTokenIds.find((id) => id >= config.vocabSize);
  if (outside !== undefined) {
    const must = `must be below vocab_size (${config.vocabSize})`;
    throw refuseFields("invalid_argument", "generation_config.json", [
      { field: "eos_token_id", must, got: outside },
    ]);
  }
  return Object.freeze({ ...config, eosTokenIds });
}

export function assertVocabulary(tokenizer: Tokenizer, config: ModelConfig): void {
  if (tokenizer.vocabularySize <= config.vocabSize) return;
  const problem = `its ids must be below config.json's vocab_size (${config.vocabSize}), got ${tokenizer.vocabularySize - 1}`;
  throw refuseFile("tokenizer.json", `${problem}; take both files from the same model`);
}

export async function openWeights(directory: string): Promise<TensorSource> {
  const single = join(directory, WEIGHTS);
  if (await exists(single)) return openSafetensors(single);
  const index = join(directory, INDEX);
  if (await exists(index)) return openShardedSafetensors(index);
  throw refuseFile(
    directory,
    `must hold ${WEIGHTS} or ${INDEX}; convert weights of other formats to safetensors`,
  );
}

/** Each part is preceded by its length, so that no two different checkpoints give the same stream of bytes. */
async function hashContent(
  configText: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash("sha256").update(`${Buffer.byteLength(configText)}\n${configText}`);
  for (const path of paths) {
    hash.update(`${(await stat(path)).size}\n`);
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { end: false, signal });
  }
  return hash.digest("hex");
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

async function readRequired(directory: string, file: string): Promise<string> {
  const text = await readOptional(directory, file);
  if (text === undefined)
    throw refuseFile(directory, `must hold ${file}; copy it from where the model came from`);
  return text;
}

/** A file's text; undefined only when there is none, never because it cannot be read. */
async function readOptional(directory: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, file), "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw refuseFile(join(directory, file), "cannot be read", { cause });
  }
}

async function readJson(directory: string, file: string): Promise<unknown> {
  const text = await readOptional(directory, file);
  return text === undefined ? undefined : parseJson(file, text);
}

function toObject(file: string, json: unknown): JsonObject {
  if (json === undefined) return {};
  if (isJsonObject(json)) return json;
  const must = "must be a JSON object";
  throw refuseFields("invalid_argument", file, [{ field: "content", must, got: json }]);
}

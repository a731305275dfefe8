/**
 * The parts of a checkpoint, each read by itself: from the files of a directory, from a GGUF file, or from both, where
 * the directory's own files go before what the GGUF file says.
 */
import { basename } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { type ChatTemplate, createChatTemplate } from "./chat-template.js";
import { type ModelConfig, toModelConfig } from "./config.js";
import { readOptional, readRequired } from "./files.js";
import { type GenerationDefaults, toGenerationConfig } from "./generation-config.js";
import { type GgufModel, openGguf } from "./gguf/open.js";
import { isJsonObject, type JsonObject, parseJson } from "./json.js";
import { type Location, locateCheckpoint } from "./locate.js";
import { refuseFields, refuseFile } from "./refusal.js";
import { openSafetensors, openShardedSafetensors, type TensorSource } from "./safetensors.js";
import { languageModelTensors } from "./tensors.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

/** Where the parts are read from. */
export interface CheckpointParts extends Location {
  /** The directory's own name, or the GGUF file's without its ending. */
  readonly name: string;
  /** Opened, when the weights are one. */
  readonly gguf?: GgufModel;
}

export interface LoadOptions {
  /**
   * What config.json shall say, given its JSON: for a caller that reads such a checkpoint in a way of its own (a reward
   * model with another head, say). The hash is still that of the files.
   */
  readonly adaptConfig?: (config: unknown) => unknown;
  /** Where the hash of files that have not changed is kept, so that later starts need not read them. */
  readonly cacheDir?: string;
}

/** @throws ServiceError as `locateCheckpoint` and `openGguf`. */
export async function openParts(path: string, signal?: AbortSignal): Promise<CheckpointParts> {
  const location = await locateCheckpoint(path);
  const { directory, weights, isDirectory } = location;
  const name = isDirectory ? basename(directory) : basename(weights.path, ".gguf");
  if (weights.kind !== "gguf") return { ...location, name };
  return { ...location, name, gguf: await openGguf(weights.path, signal) };
}

/** config.json and generation_config.json, which has the last word on the ends of a text. */
export async function readConfig(
  parts: CheckpointParts,
  { adaptConfig = (config) => config }: LoadOptions = {},
): Promise<{
  readonly config: ModelConfig;
  readonly generation: GenerationDefaults;
  /** Empty without config.json. */
  readonly configText: string;
}> {
  const configText = await readNeeded(parts, "config.json");
  const { defaults, eosTokenIds } = toGenerationConfig(await readJson(parts, "generation_config.json"));
  const config = toConfig(configText, adaptConfig, parts.gguf);
  return {
    config: withEosTokens(config, eosTokenIds),
    generation: defaults,
    configText: configText ?? "",
  };
}

/**
 * @param vocabSize how many tokens have an embedding. Tokens that were added beyond them (Gemma 3's for images, padding
 * that was never trained) are plain text, unless chat template, BOS or EOS need them: then `assertVocabulary` refuses.
 */
export async function readTokenizer(
  parts: CheckpointParts,
  vocabSize: number = Number.POSITIVE_INFINITY,
): Promise<Tokenizer> {
  const config = await readTokenizerConfig(parts);
  const text = await readNeeded(parts, "tokenizer.json");
  if (text !== undefined) {
    const { chat_template: template, bos_token: bos, eos_token: eos } = config;
    const format = JSON.stringify([await readBeside(parts, "chat_template.jinja"), template, bos, eos]);
    const isNeeded = (content: string): boolean => format.includes(JSON.stringify(content).slice(1, -1));
    return createTokenizer(text, config, ({ id, content }) => id >= vocabSize && !isNeeded(content));
  }
  const gguf = parts.gguf!;
  return inFile(gguf.file, () => createTokenizer(JSON.stringify(gguf.tokenizerJson()), config));
}

/** Undefined for a model without one. */
export async function readChatTemplate(parts: CheckpointParts): Promise<ChatTemplate | undefined> {
  const config = await readTokenizerConfig(parts);
  return createChatTemplate(await readBeside(parts, "chat_template.jinja"), config);
}

export async function openWeights({ weights, gguf }: CheckpointParts): Promise<TensorSource> {
  if (gguf !== undefined) return gguf.tensors;
  const open = weights.kind === "sharded" ? openShardedSafetensors : openSafetensors;
  return languageModelTensors(await open(weights.path));
}

/** The tokenizer's ids have an embedding each. */
export function assertVocabulary(tokenizer: Tokenizer, config: ModelConfig): void {
  if (tokenizer.vocabularySize <= config.vocabSize) return;
  const problem = `its ids must be below config.json's vocab_size (${config.vocabSize}), got ${tokenizer.vocabularySize - 1}`;
  throw refuseFile("tokenizer.json", `${problem}; take both files from the same model`);
}

async function readTokenizerConfig(parts: CheckpointParts): Promise<JsonObject> {
  const file = "tokenizer_config.json";
  const json = (await readJson(parts, file)) ?? {};
  if (isJsonObject(json)) return { ...parts.gguf?.tokenizerConfig, ...json };
  const must = "must be a JSON object";
  throw refuseFields("invalid_argument", file, [{ field: "content", must, got: json }]);
}

/** What lies beside a GGUF file that was named alone may belong to another model. */
async function readBeside({ directory, isDirectory }: Location, file: string): Promise<string | undefined> {
  return isDirectory ? readOptional(directory, file) : undefined;
}

/** Undefined only where the GGUF file says the same. */
async function readNeeded(parts: CheckpointParts, file: string): Promise<string | undefined> {
  return parts.gguf === undefined ? readRequired(parts.directory, file) : readBeside(parts, file);
}

async function readJson(parts: CheckpointParts, file: string): Promise<unknown> {
  const text = await readBeside(parts, file);
  return text === undefined ? undefined : parseJson(file, text);
}

/** At least one of the two is there. */
function toConfig(
  text: string | undefined,
  adapt: (config: unknown) => unknown,
  gguf: GgufModel | undefined,
): ModelConfig {
  const own = gguf === undefined ? undefined : inFile(gguf.file, () => toModelConfig(gguf.config));
  if (text === undefined) return own!;
  const config = toModelConfig(adapt(parseJson("config.json", text)));
  if (own !== undefined) assertSameHeads(config, own, gguf!.file);
  return config;
}

/** Shapes do not tell how many heads there are, but the order of a GGUF file's rows hangs on it. */
function assertSameHeads(config: ModelConfig, own: ModelConfig, file: string): void {
  const fields = { num_attention_heads: "numHeads", num_key_value_heads: "numKvHeads" } as const;
  for (const [field, key] of Object.entries(fields)) {
    if (config[key] === own[key]) continue;
    const must = `must be ${own[key]}, as ${file} says (take both from the same model)`;
    throw refuseFields("invalid_argument", "config.json", [{ field, must, got: config[key] }]);
  }
}

/** What a GGUF file's metadata says is read as the JSON files are; a refusal of it names the file that there is. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ServiceError) || cause.message.startsWith(file)) throw cause;
    throw new ServiceError(cause.code, `${file}: its metadata as ${cause.message}`, cause.details, { cause });
  }
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

/** A model's files, opened and checked as a whole: what loads here can be made into a graph and run. */
import { join } from "node:path";
import type { ChatTemplate } from "./chat-template.js";
import type { ModelConfig } from "./config.js";
import { hashContent } from "./content-hash.js";
import type { GenerationDefaults } from "./generation-config.js";
import {
  assertVocabulary,
  type LoadOptions,
  openParts,
  openWeights,
  readChatTemplate,
  readConfig,
  readTokenizer,
} from "./parts.js";
import type { TensorSource } from "./safetensors.js";
import { assertTensors } from "./tensors.js";
import type { Tokenizer } from "./tokenizer.js";

export interface Checkpoint {
  /** The directory's own name, or the GGUF file's without its ending. */
  readonly name: string;
  /** Absolute; where the weights lie. */
  readonly directory: string;
  readonly config: ModelConfig;
  readonly tensors: TensorSource;
  readonly tokenizer: Tokenizer;
  /** Absent for a model without one; such a model takes plain text. */
  readonly chatTemplate?: ChatTemplate;
  readonly generation: GenerationDefaults;
  /** SHA-256 over config.json (empty for a GGUF file alone) and the weight files' content, hex. */
  readonly hash: string;
}

/**
 * Opens a checkpoint; weights are hashed and checked by name and shape but not kept in memory.
 * @param path a Hugging Face directory with safetensors, a GGUF file, or a directory whose only weights are one
 * @throws ServiceError `not_found` without such a path, `failed_precondition` for a file that is missing, broken
 * or of an unsupported model, `invalid_argument` for a field that does not hold; each names the file and the remedy.
 */
export async function loadCheckpoint(
  path: string,
  signal?: AbortSignal,
  options: LoadOptions = {},
): Promise<Checkpoint> {
  const parts = await openParts(path, signal);
  const { config, configText, generation } = await readConfig(parts, options);
  const tokenizer = await readTokenizer(parts, config.vocabSize);
  assertVocabulary(tokenizer, config);
  const chatTemplate = await readChatTemplate(parts);
  const tensors = await openWeights(parts);
  assertTensors(config, tensors);
  const { cacheDir } = options;
  const hash = await hashContent(configText, tensors.paths, {
    ...(cacheDir !== undefined && { memoDir: join(cacheDir, "hashes") }),
    ...(signal !== undefined && { signal }),
  });
  return {
    name: parts.name,
    directory: parts.directory,
    config,
    tensors,
    tokenizer,
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    generation,
    hash,
  };
}

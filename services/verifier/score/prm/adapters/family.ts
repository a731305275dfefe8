/** What a family of published PRMs brings: how its directories are known, what they must hold, and its adapter. */
import { isJsonObject, type JsonObject } from "#shared/lm/checkpoint/json.js";
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import type { LoadOptions } from "#shared/lm/checkpoint/parts.js";
import type { PrmAdapter } from "../adapter.js";
import type { SelfCheck } from "../head-file.js";

/** What can be seen of a directory without loading it. Whatever cannot be read is absent. */
export interface Clues {
  readonly config: JsonObject;
  readonly tokenizerConfig: JsonObject;
  /** `prm_config.json`, which may name the family. */
  readonly manifest: JsonObject;
  /** Names of files in the directory. */
  readonly files: ReadonlySet<string>;
  readonly tensors: ReadonlySet<string>;
  /** Tokens of tokenizer.json, added ones included. */
  readonly tokens: ReadonlySet<string>;
  /** Names that the model may go by, in lower case: the directory's, that in a download cache, `_name_or_path`. */
  readonly names: readonly string[];
}

export interface PrmFamily {
  readonly name: string;
  /** In words, for whoever has a directory that is not known. */
  readonly description: string;
  /** Whether a directory that does not name its family is of this one. */
  matches(clues: Clues): boolean;
  /** What such a directory lacks, each as "must ..." */
  missing(clues: Clues): string[];
  /**
   * Set for models whose score is read off the last hidden state: `architectures` under which they are published. Their
   * language head, if there is one, is never run.
   */
  readonly headless?: { readonly architectures: readonly string[] };
  /** Scored at start unless the directory has a pair of its own. */
  readonly selfCheck?: SelfCheck;
  /** @throws ServiceError `failed_precondition` naming what does not hold */
  createAdapter(checkpoint: Checkpoint, clues: Clues): Promise<PrmAdapter>;
}

/** How a family's checkpoints are read: those with a score head as language models whose own head is never run. */
export function loadOptions({ headless }: PrmFamily): LoadOptions {
  if (headless === undefined) return {};
  const adaptConfig = (config: unknown): unknown => {
    if (!isJsonObject(config)) return config;
    const { architectures: names } = config;
    const isOurs = Array.isArray(names) && headless.architectures.includes(String(names[0]));
    // Tied: then no tensor is asked for a head whose logits nobody wants.
    return { ...config, tie_word_embeddings: true, ...(isOurs && { architectures: null }) };
  };
  return { adaptConfig };
}

/** Whether a name of the model has the word and "prm": who publishes PRMs publishes policies, too. */
export function isPrmNamed({ names }: Clues, word: string): boolean {
  return names.some((name) => name.includes(word) && name.includes("prm"));
}

/** "must hold tensor ..." for each that is not there. */
export function missingTensors({ tensors }: Clues, names: readonly string[]): string[] {
  return names.filter((name) => !tensors.has(name)).map((name) => `must hold tensor ${name}`);
}

/** "must have the token ..." for each that is not there. */
export function missingTokens({ tokens }: Clues, wanted: readonly string[]): string[] {
  return wanted
    .filter((token) => !tokens.has(token))
    .map((token) => `must have the token ${JSON.stringify(token)} in tokenizer.json`);
}

export function missingTemplate({ files, tokenizerConfig }: Clues): string[] {
  const has = files.has("chat_template.jinja") || tokenizerConfig["chat_template"] != null;
  return has ? [] : ["must have a chat template in tokenizer_config.json or chat_template.jinja"];
}

export function hasArchitecture({ config }: Clues, name: string): boolean {
  const { architectures } = config;
  return Array.isArray(architectures) && architectures.includes(name);
}

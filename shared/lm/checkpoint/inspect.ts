/**
 * What a checkpoint's headers tell, and everything that is wrong with it. `loadCheckpoint` stops at the first problem
 * and hashes the weights; this goes on as far as it can and reads none of them, so ten gigabytes take seconds.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ServiceError } from "#shared/errors.js";
import type { ChatTemplate } from "./chat-template.js";
import type { ModelConfig } from "./config.js";
import type { GenerationDefaults } from "./generation-config.js";
import { INDEX, WEIGHTS } from "./locate.js";
import {
  assertVocabulary,
  type CheckpointParts,
  type LoadOptions,
  openParts,
  openWeights,
  readChatTemplate,
  readConfig,
  readTokenizer,
} from "./parts.js";
import { readHeader, readIndex, type TensorSource } from "./safetensors.js";
import { tensorProblems } from "./tensors.js";
import type { Tokenizer } from "./tokenizer.js";

export type CheckpointPart = "files" | "config" | "tokenizer" | "chat template" | "weights";

export interface CheckpointProblem {
  readonly part: CheckpointPart;
  /** What must hold, what was got, and what to do. */
  readonly message: string;
}

export interface CheckpointInspection {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Those that the model is read from, as far as they are there. */
  readonly files: readonly { readonly name: string; readonly byteLength: number }[];
  /** What could be read; absent where `problems` say why, and for a model without a chat template. */
  readonly config?: ModelConfig;
  readonly generation?: GenerationDefaults;
  readonly tokenizer?: Tokenizer;
  readonly chatTemplate?: ChatTemplate;
  readonly tensors?: TensorSource;
  /** None: the checkpoint loads, if the bytes of its weights are what they should be. */
  readonly problems: readonly CheckpointProblem[];
}

/** Tensors that are told one by one; of a model with another model's configuration nearly all are wrong. */
const TOLD_TENSORS = 10;
const SMALL_FILES = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
];

/**
 * @param path what `loadCheckpoint` takes, as are the options
 * @throws ServiceError `not_found` when nothing is there; what is there and cannot be used is a problem of the result
 */
export async function inspectCheckpoint(
  path: string,
  options: LoadOptions = {},
): Promise<CheckpointInspection> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) {
    const message = `${absolute}: there is nothing here; check the path`;
    throw new ServiceError("not_found", message, { reason: "NO_CHECKPOINT" });
  }
  if (found.isDirectory())
    return new Inspector(absolute, options, (await readdir(absolute)).sort()).inspect();
  if (found.isFile() && absolute.endsWith(".gguf")) return new Inspector(absolute, options).inspect();
  return notACheckpoint(absolute, found.size);
}

function notACheckpoint(path: string, byteLength: number): CheckpointInspection {
  const name = basename(path);
  const remedy = name.endsWith(".safetensors")
    ? `give the directory that it lies in, ${dirname(path)}`
    : "give the model's directory or its .gguf file";
  const message = `${path}: must be a directory with config.json, ${WEIGHTS} and tokenizer.json, or a .gguf file, but is another file; ${remedy}`;
  return { name, path, files: [{ name, byteLength }], problems: [{ part: "files", message }] };
}

class Inspector {
  readonly #path: string;
  readonly #options: LoadOptions;
  readonly #isDirectory: boolean;
  readonly #names: readonly string[];
  readonly #problems: CheckpointProblem[] = [];

  /** `names` are those of a directory's files; none for a GGUF file. */
  constructor(path: string, options: LoadOptions, names?: readonly string[]) {
    this.#path = path;
    this.#options = options;
    this.#isDirectory = names !== undefined;
    this.#names = names ?? [];
  }

  async inspect(): Promise<CheckpointInspection> {
    const opened = await this.#attempt("weights", () => openParts(this.#path));
    const parts = opened ?? this.#withoutWeights();
    if (parts === undefined) return { ...this.#identity(), files: [], problems: this.#problems };
    const configured = await this.#attempt("config", () => readConfig(parts, this.#options));
    const tokenizer = await this.#attempt("tokenizer", () =>
      readTokenizer(parts, configured?.config.vocabSize),
    );
    const chatTemplate = await this.#attempt("chat template", () => readTemplate(parts));
    const tensors = opened && (await this.#openWeights(opened));
    if (configured !== undefined) {
      const { config } = configured;
      if (tokenizer !== undefined)
        await this.#attempt("tokenizer", async () => assertVocabulary(tokenizer, config));
      if (tensors !== undefined) this.#compareTensors(config, tensors);
    }
    return {
      ...this.#identity(),
      files: await this.#files(parts, tensors),
      ...(configured && { config: configured.config, generation: configured.generation }),
      ...(tokenizer && { tokenizer }),
      ...(chatTemplate && { chatTemplate }),
      ...(tensors && { tensors }),
      problems: this.#problems,
    };
  }

  #identity(): Pick<CheckpointInspection, "name" | "path"> {
    return { name: basename(this.#path), path: this.#path };
  }

  /** A directory whose weights are missing or broken still has its other files, unless a GGUF file is all there is. */
  #withoutWeights(): CheckpointParts | undefined {
    if (!this.#isDirectory) return undefined;
    const onlyGguf = this.#names.some((name) => name.endsWith(".gguf"));
    if (onlyGguf && !this.#names.includes("config.json")) return undefined;
    const weights = { kind: "single", path: join(this.#path, WEIGHTS) } as const;
    return { directory: this.#path, name: basename(this.#path), weights, isDirectory: true };
  }

  /** What `find` gives, or undefined after noting all that it refuses. */
  async #attempt<T>(part: CheckpointPart, find: () => Promise<T>): Promise<T | undefined> {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      for (const message of messagesOf(error)) this.#report(part, message);
      return undefined;
    }
  }

  #report(part: CheckpointPart, message: string): void {
    const hint = message.includes("must hold") ? hintFor(part, this.#names) : undefined;
    this.#problems.push({ part, message: hint === undefined ? message : `${message}. ${hint}` });
  }

  /** Every shard is looked at, not only those before the first that is missing. */
  async #openWeights(parts: CheckpointParts): Promise<TensorSource | undefined> {
    const before = this.#problems.length;
    const { kind, path } = parts.weights;
    if (kind === "sharded") {
      const fileOf = await this.#attempt("weights", () => readIndex(path));
      for (const file of [...new Set(fileOf?.values())].sort())
        await this.#attempt("weights", () => readHeader(join(parts.directory, file)));
    }
    if (this.#problems.length > before) return undefined;
    return this.#attempt("weights", () => openWeights(parts));
  }

  #compareTensors(config: ModelConfig, tensors: TensorSource): void {
    const problems = [...tensorProblems(config, tensors)];
    const remedy = "take config.json and the weights from the same model";
    for (const problem of problems.slice(0, TOLD_TENSORS)) this.#report("weights", `${problem}; ${remedy}`);
    const more = problems.length - TOLD_TENSORS;
    if (more > 0)
      this.#report("weights", `${more} more tensors are missing, of another shape or not expected`);
  }

  async #files(
    { directory, weights }: CheckpointParts,
    tensors: TensorSource | undefined,
  ): Promise<CheckpointInspection["files"]> {
    const small = SMALL_FILES.filter((name) => this.#names.includes(name));
    const index = weights.kind === "sharded" ? [INDEX] : [];
    const names = [...small, ...index, ...(tensors?.paths ?? []).map((path) => basename(path))];
    const sizes = names.map(async (name) => {
      // A download cache links to files that may be gone.
      const found = await stat(join(directory, name)).catch(() => undefined);
      return found === undefined ? [] : [{ name, byteLength: found.size }];
    });
    return (await Promise.all(sizes)).flat();
  }
}

/** A template is tried on the shortest conversation there is: many that parse use what the engine does not have. */
async function readTemplate(parts: CheckpointParts): Promise<ChatTemplate | undefined> {
  const template = await readChatTemplate(parts);
  template?.render([{ role: "user", content: "1 + 1?" }], true);
  return template;
}

/** A message for each field that an error names, or its own. */
function messagesOf(error: ServiceError): string[] {
  const { fieldViolations = [], reason } = error.details;
  if (fieldViolations.length === 0) return [error.message];
  const remedy =
    reason === "UNSUPPORTED_CHECKPOINT"
      ? "use another model"
      : "get the file again from where the model came from";
  // What stands before the first of them names the file.
  const file = error.message.slice(0, Math.max(0, error.message.indexOf(fieldViolations[0]!.description)));
  return fieldViolations.map(({ description }) => `${file}${description}; ${remedy}`);
}

/** What to do about a missing file, from what is there instead. */
function hintFor(part: CheckpointPart, names: readonly string[]): string | undefined {
  const other = (pattern: RegExp): string | undefined => names.find((name) => pattern.test(name));
  if (part === "tokenizer") {
    const found = other(/^(tokenizer\.model|spiece\.model|vocab\.json|merges\.txt)$/);
    const save = "AutoTokenizer.from_pretrained(DIR, use_fast=True).save_pretrained(DIR)";
    return found && `It can be made of ${found} with Python's transformers: ${save}`;
  }
  if (part === "weights") {
    const found = other(/\.(bin|pt|pth|ckpt|h5|msgpack|onnx|npz)$/);
    const save = "AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(DIR)";
    return found && `Weights such as ${found} become safetensors with Python's transformers: ${save}`;
  }
  return undefined;
}

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
import {
  assertVocabulary,
  INDEX,
  openWeights,
  readChatTemplate,
  readConfig,
  readTokenizer,
  WEIGHTS,
} from "./load.js";
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
 * @param path a Hugging Face directory
 * @throws ServiceError `not_found` when nothing is there; what is there and cannot be used is a problem of the result
 */
export async function inspectCheckpoint(path: string): Promise<CheckpointInspection> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) {
    const message = `${absolute}: there is nothing here; check the path`;
    throw new ServiceError("not_found", message, { reason: "NO_CHECKPOINT" });
  }
  if (found.isDirectory()) return new DirectoryInspector(absolute).inspect();
  return notACheckpoint(absolute, found.isFile() ? found.size : 0);
}

function notACheckpoint(path: string, byteLength: number): CheckpointInspection {
  const name = basename(path);
  const remedy = name.endsWith(".safetensors")
    ? `give the directory that it lies in, ${dirname(path)}`
    : "give the model's directory";
  const message = `${path}: must be a directory with config.json, ${WEIGHTS} and tokenizer.json, but is a file; ${remedy}`;
  return { name, path, files: [{ name, byteLength }], problems: [{ part: "files", message }] };
}

class DirectoryInspector {
  readonly #directory: string;
  readonly #problems: CheckpointProblem[] = [];
  #names: readonly string[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  async inspect(): Promise<CheckpointInspection> {
    const directory = this.#directory;
    this.#names = (await readdir(directory)).sort();
    const configured = await this.#attempt("config", () => readConfig(directory));
    const tokenizer = await this.#attempt("tokenizer", () => readTokenizer(directory));
    const chatTemplate = await this.#attempt("chat template", () => readTemplate(directory));
    const tensors = await this.#openWeights();
    if (configured !== undefined) {
      const { config } = configured;
      if (tokenizer !== undefined)
        await this.#attempt("tokenizer", async () => assertVocabulary(tokenizer, config));
      if (tensors !== undefined) this.#compareTensors(config, tensors);
    }
    return {
      name: basename(directory),
      path: directory,
      files: await this.#files(tensors),
      ...(configured && { config: configured.config, generation: configured.generation }),
      ...(tokenizer && { tokenizer }),
      ...(chatTemplate && { chatTemplate }),
      ...(tensors && { tensors }),
      problems: this.#problems,
    };
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
    const hint = message.includes("must hold") ? hintFor(part, this.#directory, this.#names) : undefined;
    this.#problems.push({ part, message: hint === undefined ? message : `${message}. ${hint}` });
  }

  /** Every shard is looked at, not only those before the first that is missing. */
  async #openWeights(): Promise<TensorSource | undefined> {
    const before = this.#problems.length;
    if (!this.#names.includes(WEIGHTS) && this.#names.includes(INDEX)) {
      const fileOf = await this.#attempt("weights", () => readIndex(join(this.#directory, INDEX)));
      for (const file of [...new Set(fileOf?.values())].sort())
        await this.#attempt("weights", () => readHeader(join(this.#directory, file)));
    }
    if (this.#problems.length > before) return undefined;
    return this.#attempt("weights", () => openWeights(this.#directory));
  }

  #compareTensors(config: ModelConfig, tensors: TensorSource): void {
    const problems = [...tensorProblems(config, tensors)];
    const remedy = "take config.json and the weights from the same model";
    for (const problem of problems.slice(0, TOLD_TENSORS)) this.#report("weights", `${problem}; ${remedy}`);
    const more = problems.length - TOLD_TENSORS;
    if (more > 0)
      this.#report("weights", `${more} more tensors are missing, of another shape or not expected`);
  }

  async #files(tensors: TensorSource | undefined): Promise<CheckpointInspection["files"]> {
    const weights = tensors?.paths.map((path) => basename(path)) ?? [];
    const names = [...SMALL_FILES, ...(this.#names.includes(WEIGHTS) ? [] : [INDEX]), ...weights];
    const sizes = names
      .filter((name) => this.#names.includes(name))
      .map(async (name) => ({ name, byteLength: (await stat(join(this.#directory, name))).size }));
    return Promise.all(sizes);
  }
}

/** A template is tried on the shortest conversation there is: many that parse use what the engine does not have. */
async function readTemplate(directory: string): Promise<ChatTemplate | undefined> {
  const template = await readChatTemplate(directory);
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
  return fieldViolations.map(({ field, description }) => {
    const file = field.slice(0, field.lastIndexOf(":"));
    return `${file}: ${description}; ${remedy}`;
  });
}

/** What to do about a missing file, from what is there instead. */
function hintFor(part: CheckpointPart, directory: string, names: readonly string[]): string | undefined {
  const gguf = names.find((name) => name.endsWith(".gguf"));
  if (gguf !== undefined) return `For the GGUF file beside it give that: ${join(directory, gguf)}`;
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

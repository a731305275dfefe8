/** A GGUF file as the parts of a Hugging Face directory. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { JsonObject } from "../json.js";
import { refuseFile } from "../refusal.js";
import type { TensorSource } from "../safetensors.js";
import { architectureOf, toConfigJson } from "./model-config.js";
import { ROPE_FACTORS } from "./architectures.js";
import { HeaderCursor } from "./header-cursor.js";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "./header.js";
import type { Metadata } from "./metadata.js";
import { readGgufTensor, toTensorSource } from "./source.js";
import { toTokenizerConfig, toTokenizerJson } from "./tokenizer-json.js";

/** Half of the largest head that a configuration may have. */
const MAX_FACTORS = 2048;

export interface GgufModel {
  /** The file's name. */
  readonly file: string;
  /** As config.json would have it. */
  readonly config: JsonObject;
  readonly tensors: TensorSource;
  /** As tokenizer_config.json would have it. */
  readonly tokenizerConfig: JsonObject;
  /** As tokenizer.json would have it. Made when it is asked for: a directory may have one of its own. */
  tokenizerJson(): JsonObject;
}

/**
 * Opens a GGUF file; its weights stay in it.
 * @throws ServiceError `failed_precondition` naming the file: broken, in parts, or of a model that is not supported.
 */
export async function openGguf(path: string, signal?: AbortSignal): Promise<GgufModel> {
  const header = await readHeader(path);
  const { metadata, tensors } = header;
  assertWhole(metadata);
  const architecture = architectureOf(metadata);
  const factors = tensors.get(ROPE_FACTORS);
  const config = toConfigJson(
    header,
    factors === undefined ? undefined : await readFactors(path, factors, signal),
  );
  const heads = {
    numHeads: config["num_attention_heads"] as number,
    numKvHeads: config["num_key_value_heads"] as number,
  };
  return {
    file: metadata.file,
    config,
    tensors: toTensorSource(path, header, architecture, heads),
    tokenizerConfig: toTokenizerConfig(metadata),
    tokenizerJson: () => toTokenizerJson(metadata),
  };
}

/** Their number is known to be reasonable before memory is taken for it: a quantised tensor may widen to eight files. */
async function readFactors(path: string, factors: GgufTensor, signal?: AbortSignal): Promise<Float32Array> {
  const { name, shape } = factors;
  if (shape.length === 1 && shape[0]! <= MAX_FACTORS) return readGgufTensor(path, factors, signal);
  const must = `must be a row of at most ${MAX_FACTORS} numbers`;
  const problem = `tensor ${name} ${must}, got shape [${shape.join(", ")}]; convert the model again`;
  throw refuseFile(basename(path), problem);
}

async function readHeader(path: string): Promise<GgufHeader> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw refuseFile(path, "cannot be opened, but the checkpoint needs it; get the file again", { cause });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw refuseFile(path, "must be a GGUF file, got something else");
    const file = basename(path);
    return readGgufHeader(new HeaderCursor(handle.fd, file, stats.size), file);
  } finally {
    await handle.close();
  }
}

function assertWhole(metadata: Metadata): void {
  const parts = metadata.number("split.count") ?? 1;
  if (parts <= 1) return;
  const which = `part ${(metadata.number("split.no") ?? 0) + 1} of ${parts}`;
  const remedy = "put the parts together with llama-gguf-split --merge";
  throw refuseFile(metadata.file, `must be a whole model, got ${which}; ${remedy}`);
}

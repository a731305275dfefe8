/** A GGUF file as the parts of a Hugging Face directory. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { JsonObject } from "../json.js";
import { refuseFile } from "../refusal.js";
import type { TensorSource } from "../safetensors.js";
import { architectureOf, toConfigJson } from "./model-config.js";
import { ROPE_FACTORS } from "./architectures.js";
import { HeaderCursor } from "./header-cursor.js";
import { type GgufHeader, readGgufHeader } from "./header.js";
import type { Metadata } from "./metadata.js";
import { readGgufTensor, toTensorSource } from "./source.js";
import { toTokenizerConfig, toTokenizerJson } from "./tokenizer-json.js";

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
    factors === undefined ? undefined : await readGgufTensor(path, factors, signal),
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

async function readHeader(path: string): Promise<GgufHeader> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw refuseFile(path, "cannot be opened; the checkpoint needs it", { cause });
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

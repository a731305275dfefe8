/** A GGUF file's tensors under Hugging Face's names, in its layout: dequantised, rows and norms as they were before. */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { quote, refuseFile } from "../refusal.js";
import type { TensorEntry } from "../safetensors-header.js";
import type { TensorSource } from "../safetensors.js";
import { type Architecture, huggingFaceName, ROPE_FACTORS } from "./architectures.js";
import type { GgufHeader, GgufTensor } from "./header.js";

/** About so many bytes of a file are read at a time. */
const CHUNK_BYTES = 1 << 22;

export interface HeadCounts {
  readonly numHeads: number;
  readonly numKvHeads: number;
}

/** @throws ServiceError `failed_precondition` for a tensor that models of the architecture do not have. */
export function toTensorSource(
  path: string,
  { tensors }: GgufHeader,
  architecture: Architecture,
  heads: HeadCounts,
): TensorSource {
  const file = basename(path);
  const located = new Map<string, GgufTensor>();
  for (const tensor of tensors.values()) {
    if (tensor.name === ROPE_FACTORS) continue;
    const name = huggingFaceName(architecture, tensor.name);
    if (name === undefined) {
      const problem = `models of type ${architecture.modelType} have no such tensor; the graph would leave it out`;
      throw refuseFile(file, `tensor ${quote(tensor.name)}: ${problem}`);
    }
    located.set(name, tensor);
  }
  const entries = new Map<string, TensorEntry>();
  for (const [name, { dtype, shape, offset, byteLength }] of located)
    entries.set(name, { name, dtype, shape, offset, byteLength });
  return {
    tensors: entries,
    paths: [path],
    async read(name, signal) {
      const tensor = located.get(name);
      if (tensor === undefined) throw refuseFile(file, `has no tensor ${quote(name)}`);
      const values = await readGgufTensor(path, tensor, signal);
      if (architecture.normsPlusOne && name.endsWith("norm.weight")) {
        for (let i = 0; i < values.length; i++) values[i]! -= 1;
      }
      if (!architecture.interleaved) return values;
      if (/\.q_proj\.(weight|bias)$/.test(name)) return splitHalves(values, tensor.shape[0]!, heads.numHeads);
      if (/\.k_proj\.(weight|bias)$/.test(name))
        return splitHalves(values, tensor.shape[0]!, heads.numKvHeads);
      return values;
    },
  };
}

/** Rows 2i and 2i + 1 of a head become its rows i and i + headDim / 2. */
function splitHalves(values: Float32Array, rows: number, heads: number): Float32Array {
  const width = values.length / rows;
  const headDim = rows / heads;
  const half = headDim / 2;
  const split = new Float32Array(values.length);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < headDim; i++) {
      const from = (head * headDim + 2 * (i % half) + (i < half ? 0 : 1)) * width;
      split.set(values.subarray(from, from + width), (head * headDim + i) * width);
    }
  }
  return split;
}

/** A tensor's values as they are in the file, row-major; only a chunk of its blocks is held beside them. */
export async function readGgufTensor(
  path: string,
  { name, shape, type, offset, byteLength }: GgufTensor,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const file = basename(path);
  const { blockBytes, blockElements, widen } = type;
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const chunkBytes = Math.floor(CHUNK_BYTES / blockBytes) * blockBytes;
  const bytes = new Uint8Array(Math.min(chunkBytes, byteLength));
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw refuseFile(path, "cannot be opened, but the checkpoint needs it; get the file again", { cause });
  });
  try {
    for (let done = 0; done < byteLength; done += chunkBytes) {
      signal?.throwIfAborted();
      const chunk = bytes.subarray(0, Math.min(chunkBytes, byteLength - done));
      await fill(handle, file, chunk, offset + done);
      const start = (done / blockBytes) * blockElements;
      widen(chunk, values.subarray(start, start + (chunk.length / blockBytes) * blockElements));
    }
  } finally {
    await handle.close();
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) {
      const got = `got ${values[i]} at ${i}`;
      throw refuseFile(file, `tensor ${quote(name)}: its numbers must be finite, ${got}; get the file again`);
    }
  }
  return values;
}

async function fill(handle: FileHandle, file: string, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0)
      throw refuseFile(file, `ends at byte ${position + done}, too early; get the file again`);
    done += bytesRead;
  }
}

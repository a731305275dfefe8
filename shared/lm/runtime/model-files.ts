/**
 * A checkpoint as files that ONNX Runtime reads: `model.onnx` and `weights.bin` in a directory of the cache that is
 * named after everything they depend on. Made once: in a temporary directory that is then renamed, so two processes that
 * start at once, or one that is killed, leave a whole directory or none.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import type { ModelConfig } from "../checkpoint/config.js";
import type { TensorSource } from "../checkpoint/safetensors.js";
import { buildDecoder, DECODER_VERSION, type DecoderModel } from "../graph/decoder.js";
import type { Precision } from "../types.js";

const GRAPH_FILE = "model.onnx";
const WEIGHTS_FILE = "weights.bin";

/** The part of a checkpoint that a decoder is made from. */
export interface DecoderSource {
  readonly config: ModelConfig;
  readonly tensors: TensorSource;
  /** Names the content of `config` and `tensors`. */
  readonly hash: string;
}

/**
 * The path of the graph, whose weights lie beside it.
 * @throws ServiceError `failed_precondition` when the cache cannot be written.
 */
export async function prepareModelFiles(
  source: DecoderSource,
  precision: Precision,
  cacheDir: string,
  signal?: AbortSignal,
): Promise<string> {
  const directory = join(cacheDir, `${source.hash.slice(0, 32)}-${precision}-v${DECODER_VERSION}`);
  const graphPath = join(directory, GRAPH_FILE);
  const decoder = buildDecoder(source.config, precision, WEIGHTS_FILE);
  if (await isWhole(directory, decoder)) return graphPath;
  const temporary = `${directory}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await writeWeights(join(temporary, WEIGHTS_FILE), decoder, source.tensors, signal);
    await writeFile(join(temporary, GRAPH_FILE), decoder.graph);
    await putInPlace(temporary, directory, decoder);
  } catch (cause) {
    if (cause instanceof ServiceError || signal?.aborted === true) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the model cache ${cacheDir} must be writable with ${decoder.weightBytes} bytes free, got: ${reason}; choose another directory`;
    throw new ServiceError("failed_precondition", message, { reason: "CACHE_NOT_WRITABLE" }, { cause });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return graphPath;
}

/** Both files are there, with the sizes they must have. */
async function isWhole(directory: string, decoder: DecoderModel): Promise<boolean> {
  const sizeOf = async (file: string): Promise<number | undefined> =>
    (await stat(join(directory, file)).catch(() => undefined))?.size;
  return (
    (await sizeOf(WEIGHTS_FILE)) === decoder.weightBytes &&
    (await sizeOf(GRAPH_FILE)) === decoder.graph.byteLength
  );
}

async function putInPlace(temporary: string, directory: string, decoder: DecoderModel): Promise<void> {
  try {
    await rename(temporary, directory);
  } catch (cause) {
    // Another process was first, or what lies there is damaged.
    if (await isWhole(directory, decoder)) return;
    await rm(directory, { recursive: true, force: true });
    await rename(temporary, directory).catch(async (again: unknown) => {
      if (!(await isWhole(directory, decoder))) throw new AggregateError([cause, again], String(again));
    });
  }
}

async function writeWeights(
  path: string,
  decoder: DecoderModel,
  source: TensorSource,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const { ranges, make } of decoder.weights) {
      const arrays = await make(source, signal);
      for (const [i, { offset, byteLength }] of ranges.entries()) {
        const { buffer, byteOffset, byteLength: got } = arrays[i]!;
        if (got !== byteLength) throw new Error(`a weight takes ${byteLength} bytes, got ${got}`);
        await writeAt(file, new Uint8Array(buffer, byteOffset, byteLength), offset);
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}

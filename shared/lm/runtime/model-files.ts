/**
 * A checkpoint as files that ONNX Runtime reads: both forms of the graph and `weights.bin` in a directory of the cache
 * that is named after everything they depend on. Made once: in a temporary directory that is then renamed, so two processes that
 * start at once, or one that is killed, leave a whole directory or none.
 */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import type { ModelConfig } from "../checkpoint/config.js";
import type { TensorSource } from "../checkpoint/safetensors.js";
import { buildDecoder, type DecoderModel, WEIGHTS_VERSION } from "../graph/decoder.js";
import type { Precision } from "../types.js";

const GRAPH_FILES = { plain: "model.onnx", blockwise: "model-blockwise.onnx" };
/** Lies beside the graphs. */
export const WEIGHTS_FILE = "weights.bin";

/** The part of a checkpoint that a decoder is made from. */
export interface DecoderSource {
  readonly config: ModelConfig;
  readonly tensors: TensorSource;
  /** Names the content of `config` and `tensors`. */
  readonly hash: string;
}

interface ModelFiles {
  readonly graphs: readonly { readonly file: string; readonly bytes: Uint8Array }[];
  readonly weights: DecoderModel["weights"];
  readonly weightBytes: number;
}

/**
 * The path of the graph for so many threads, whose weights lie beside it.
 * @throws ServiceError `failed_precondition` when the model is not supported or the cache cannot be written.
 */
export async function prepareModelFiles(
  source: DecoderSource,
  options: { readonly precision: Precision; readonly threads: number; readonly cacheDir: string },
  signal?: AbortSignal,
): Promise<string> {
  const { precision, threads, cacheDir } = options;
  const files = buildFiles(source.config, precision);
  const directory = join(cacheDir, `${source.hash.slice(0, 32)}-${precision}-${digest(files)}`);
  const blockwise = threads > source.config.numKvHeads;
  const graphPath = join(directory, blockwise ? GRAPH_FILES.blockwise : GRAPH_FILES.plain);
  if (await isWhole(directory, files)) return graphPath;
  const temporary = `${directory}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await writeWeights(join(temporary, WEIGHTS_FILE), files, source.tensors, signal);
    for (const { file, bytes } of files.graphs) await writeFile(join(temporary, file), bytes);
    await putInPlace(temporary, directory, files);
  } catch (cause) {
    if (cause instanceof ServiceError || signal?.aborted === true) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the model cache ${cacheDir} must be writable with ${files.weightBytes} bytes free, got: ${reason}; choose another directory`;
    throw new ServiceError("failed_precondition", message, { reason: "CACHE_NOT_WRITABLE" }, { cause });
  } finally {
    // What went wrong before matters more than what is left.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
  return graphPath;
}

function buildFiles(config: ModelConfig, precision: Precision): ModelFiles {
  const build = (blockwise: boolean): DecoderModel =>
    buildDecoder(config, { precision, weightsFile: WEIGHTS_FILE, blockwise });
  const plain = build(false);
  return {
    graphs: [
      { file: GRAPH_FILES.plain, bytes: plain.graph },
      { file: GRAPH_FILES.blockwise, bytes: build(true).graph },
    ],
    weights: plain.weights,
    weightBytes: plain.weightBytes,
  };
}

/** Changes with the graphs, which say where each weight lies, and with what is written there. */
function digest({ graphs }: ModelFiles): string {
  const hash = createHash("sha256").update(`weights ${WEIGHTS_VERSION}`);
  for (const { bytes } of graphs) hash.update(bytes);
  return hash.digest("hex").slice(0, 16);
}

/** All files are there, with the sizes they must have. */
async function isWhole(directory: string, { graphs, weightBytes }: ModelFiles): Promise<boolean> {
  const sizes = [{ file: WEIGHTS_FILE, size: weightBytes }];
  for (const { file, bytes } of graphs) sizes.push({ file, size: bytes.byteLength });
  const found = await Promise.all(
    sizes.map(({ file }) => stat(join(directory, file)).catch(() => undefined)),
  );
  return sizes.every(({ size }, i) => found[i]?.size === size);
}

async function putInPlace(temporary: string, directory: string, files: ModelFiles): Promise<void> {
  try {
    await rename(temporary, directory);
  } catch {
    // Another process was first, or what lies there is damaged.
    if (await isWhole(directory, files)) return;
    await rm(directory, { recursive: true, force: true });
    await rename(temporary, directory).catch(async (again: unknown) => {
      if (!(await isWhole(directory, files))) throw new Error(String(again), { cause: again });
    });
  }
}

async function writeWeights(
  path: string,
  { weights }: ModelFiles,
  source: TensorSource,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const { ranges, make } of weights) {
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

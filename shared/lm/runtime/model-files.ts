/**
 * A checkpoint as files that ONNX Runtime reads: both forms of the graph and `weights.bin` in a directory of the cache
 * that is named after everything they depend on. Made once: in a temporary directory that is then renamed, so two
 * processes that start at once, or one that is killed, leave a whole directory or none. The same name always means the
 * same bytes, so whoever writes them, nothing that others have open is taken away or changes.
 */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import type { ModelConfig } from "../checkpoint/config.js";
import type { TensorSource } from "../checkpoint/safetensors.js";
import { buildDecoder, type DecoderModel, WEIGHTS_VERSION } from "../graph/decoder.js";
import type { Precision } from "../types.js";

const GRAPH_FILES = { plain: "model.onnx", blockwise: "model-blockwise.onnx" };
/** Lies beside the graphs. */
export const WEIGHTS_FILE = "weights.bin";
const TEMPORARY = ".tmp";
/** Only what is named as `prepareModelFiles` names it is removed. */
const LEFTOVER = /^[0-9a-f]{32}-[a-z0-9]+-[0-9a-f]{16}\.[0-9a-f-]{36}\.tmp$/;
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

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
  const temporary = `${directory}.${randomUUID()}${TEMPORARY}`;
  try {
    await mkdir(cacheDir, { recursive: true });
    // By itself: for a disk that is read-only, Node's recursive mkdir says that there is no such directory.
    await mkdir(temporary);
    await removeLeftovers(cacheDir, temporary);
    await assertRoom(temporary, files);
    await writeWeights(join(temporary, WEIGHTS_FILE), files, source.tensors, signal);
    for (const { file, bytes } of files.graphs)
      await writeFile(join(temporary, file), bytes, { flush: true });
    await putInPlace(temporary, directory, files);
  } catch (cause) {
    if (cause instanceof ServiceError || signal?.aborted === true) throw cause;
    throw notWritable(cacheDir, files, cause instanceof Error ? cause.message : String(cause), { cause });
  } finally {
    // What went wrong before matters more than what is left.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
  return graphPath;
}

function notWritable(cacheDir: string, files: ModelFiles, got: string, options?: ErrorOptions): ServiceError {
  const must = `the model cache ${cacheDir} must be writable with ${totalBytes(files)} bytes free`;
  const message = `${must}, got: ${got}; make room or choose another directory`;
  return new ServiceError("failed_precondition", message, { reason: "CACHE_NOT_WRITABLE" }, options);
}

function totalBytes({ graphs, weightBytes }: ModelFiles): number {
  return graphs.reduce((sum, { bytes }) => sum + bytes.byteLength, weightBytes);
}

/** Better known before gigabytes are written than after. */
async function assertRoom(directory: string, files: ModelFiles): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < totalBytes(files)) throw new Error(`${bavail * bsize} bytes are free`);
}

/** Temporary directories of processes that were killed long ago; younger ones may be in use. */
async function removeLeftovers(cacheDir: string, own: string): Promise<void> {
  const now = (await stat(own)).mtimeMs;
  for (const name of await readdir(cacheDir)) {
    if (!LEFTOVER.test(name)) continue;
    const path = join(cacheDir, name);
    const found = await stat(path).catch(() => undefined);
    // Another process may be quicker, or not let us.
    if (found !== undefined && now - found.mtimeMs > LEFTOVER_AGE_MS)
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
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
    // Another process was first, or what lies there is damaged: then file by file, each replaced at once.
    if (await isWhole(directory, files)) return;
    for (const file of [WEIGHTS_FILE, ...files.graphs.map((graph) => graph.file)])
      await rename(join(temporary, file), join(directory, file));
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

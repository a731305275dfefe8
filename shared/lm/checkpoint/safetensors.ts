/**
 * Tensors of a safetensors file (or of several, under one index), read one at a time as Float32Array. No file stays
 * open between reads. The host must be little-endian, as the format is; every platform of ONNX Runtime is.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { widenBfloat16, widenHalf } from "#shared/half.js";
import { isJsonObject, parseJson } from "./json.js";
import { quote, refuseFile } from "./refusal.js";
import {
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from "./safetensors-header.js";

export interface TensorSource {
  /** Every tensor of every file, by name. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The files, in the order of their names. */
  readonly paths: readonly string[];
  /**
   * A tensor's values, row-major, widened from F16 or BF16 where it is stored so.
   * @throws ServiceError `failed_precondition`: no such tensor, another dtype, a number that is not finite, or the file
   * has changed since.
   */
  read(name: string, signal?: AbortSignal): Promise<Float32Array>;
}

const CHUNK_BYTES = 1 << 22;
const NAME_PATTERN = /^[^/\\]+\.safetensors$/;

/** Opens one safetensors file. @throws ServiceError `failed_precondition` when it is missing or broken. */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const { tensors } = await readHeader(path);
  return toSource(new Map([...tensors].map(([name, entry]) => [name, { path, entry }])), [path]);
}

/** Opens the files that a `*.safetensors.index.json` names, all of them beside it. */
export async function openShardedSafetensors(indexPath: string): Promise<TensorSource> {
  const fileOf = await readIndex(indexPath);
  const files = [...new Set(fileOf.values())].sort();
  const located = new Map<string, Located>();
  for (const file of files) {
    const path = join(dirname(indexPath), file);
    const { tensors } = await readHeader(path);
    for (const [name, entry] of tensors) {
      if (fileOf.get(name) === file) located.set(name, { path, entry });
    }
  }
  for (const [name, file] of fileOf) {
    if (!located.has(name))
      throw refuseFile(
        basename(indexPath),
        `says that ${file} holds ${quote(name)}, but it does not; take both from the same model`,
      );
  }
  return toSource(
    located,
    files.map((file) => join(dirname(indexPath), file)),
  );
}

interface Located {
  readonly path: string;
  readonly entry: TensorEntry;
}

export async function readIndex(indexPath: string): Promise<Map<string, string>> {
  const file = basename(indexPath);
  const text = await readFile(indexPath, "utf8").catch((cause: unknown) => {
    throw refuseFile(file, "cannot be read; get the file again", { cause });
  });
  const json = parseJson(file, text);
  const map = isJsonObject(json) ? json["weight_map"] : undefined;
  if (!isJsonObject(map)) throw refuseFile(file, `weight_map must be an object, got ${quote(map)}`);
  const fileOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    // A path would let an index read outside its own directory.
    if (typeof shard !== "string" || !NAME_PATTERN.test(shard)) {
      const must = "must be the name of a .safetensors file beside it";
      throw refuseFile(file, `weight_map of ${quote(name)} ${must}, got ${quote(shard)}`);
    }
    fileOf.set(name, shard);
  }
  return fileOf;
}

export async function readHeader(path: string): Promise<SafetensorsHeader> {
  const file = basename(path);
  return withFile(path, async (handle) => {
    const stats = await handle.stat();
    if (!stats.isFile()) throw refuseFile(path, "must be a safetensors file, got something else");
    const { size } = stats;
    const prefix = await readExactly(handle, file, 0, Math.min(size, LENGTH_BYTES));
    const length = headerLength(file, prefix, size);
    const bytes = await readExactly(handle, file, LENGTH_BYTES, length);
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw refuseFile(file, "its header must be UTF-8; get the file again", { cause });
    }
    return parseHeader(file, text, size);
  });
}

function toSource(located: ReadonlyMap<string, Located>, paths: readonly string[]): TensorSource {
  return {
    tensors: new Map([...located].map(([name, { entry }]) => [name, entry])),
    paths,
    async read(name, signal) {
      const found = located.get(name);
      if (found === undefined)
        throw refuseFile(paths.map((path) => basename(path)).join(", "), `has no tensor ${quote(name)}`);
      return withFile(found.path, (handle) => readTensor(handle, basename(found.path), found.entry, signal));
    },
  };
}

async function readTensor(
  handle: FileHandle,
  file: string,
  entry: TensorEntry,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { name, dtype, offset, byteLength } = entry;
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw refuseFile(file, `tensor ${quote(name)}: dtype must be F32, F16 or BF16 to be read, got ${dtype}`);
  }
  const elementBytes = dtype === "F32" ? 4 : 2;
  const values = new Float32Array(byteLength / elementBytes);
  for (let done = 0; done < byteLength; done += CHUNK_BYTES) {
    signal?.throwIfAborted();
    const bytes = await readExactly(handle, file, offset + done, Math.min(CHUNK_BYTES, byteLength - done));
    const count = bytes.length / elementBytes;
    const target = values.subarray(done / elementBytes, done / elementBytes + count);
    if (dtype === "F32") target.set(new Float32Array(bytes.buffer, 0, count));
    else (dtype === "F16" ? widenHalf : widenBfloat16)(new Uint16Array(bytes.buffer, 0, count), target);
  }
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const got = `got ${values[wrong]} at ${wrong}`;
    throw refuseFile(file, `tensor ${quote(name)}: its numbers must be finite, ${got}; get the file again`);
  }
  return values;
}

async function readExactly(
  handle: FileHandle,
  file: string,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0)
      throw refuseFile(
        file,
        `ends at byte ${position + done}, ${length - done} bytes too early; get the file again`,
      );
    done += bytesRead;
  }
  return bytes;
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw refuseFile(path, "cannot be opened, but the checkpoint needs it; get the file again", { cause });
  });
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

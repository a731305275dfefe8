/** Writes safetensors files, whole or not at all: to a temporary file beside the target, then renamed over it. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { ServiceError } from "#shared/errors.js";
import { toHalf } from "#shared/half.js";

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major; as many as the shape says. */
  readonly data: Float32Array;
}

export interface WriteOptions {
  readonly dtype: "F32" | "F16";
  readonly metadata?: Readonly<Record<string, string>>;
}

const LARGEST_HALF = 65504;
let temporaryCount = 0;

/**
 * The same tensors give the same bytes whatever their order: they are laid out by name.
 * @throws ServiceError `invalid_argument` for a name given twice, a shape that does not fit its data, or a finite value
 * that F16 cannot hold.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  options: WriteOptions,
): Promise<void> {
  const ordered = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header = toHeader(ordered, options);
  // Two writers of one path, in this process or in two, never share a temporary file.
  const temporary = `${path}.${process.pid}.${temporaryCount++}.tmp`;
  try {
    const handle = await open(temporary, "wx");
    try {
      await writeAll(handle, header);
      for (const tensor of ordered) await writeAll(handle, toBytes(tensor, options.dtype));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

function toHeader(tensors: readonly NamedTensor[], { dtype, metadata }: WriteOptions): Uint8Array {
  const entries: [string, unknown][] = metadata === undefined ? [] : [["__metadata__", metadata]];
  let end = 0;
  for (const { name, shape, data } of tensors) {
    if (shape.reduce((product, size) => product * size, 1) !== data.length) {
      const message = `tensor ${name}: shape [${shape.join(", ")}] must have as many values as its data, got ${data.length}`;
      throw new ServiceError("invalid_argument", message);
    }
    const begin = end;
    end += data.length * (dtype === "F32" ? 4 : 2);
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const fields = Object.fromEntries(entries);
  if (Object.keys(fields).length !== entries.length) {
    throw new ServiceError("invalid_argument", "tensor names must be unique and not __metadata__");
  }
  const json = JSON.stringify(fields);
  // Padded with spaces so that the data begins at a multiple of 8, which readers may map into memory.
  const padded = json + " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8);
  const header = Buffer.alloc(8 + Buffer.byteLength(padded));
  header.writeBigUInt64LE(BigInt(header.length - 8));
  header.write(padded, 8);
  return header;
}

function toBytes({ name, data }: NamedTensor, dtype: WriteOptions["dtype"]): Uint8Array {
  if (dtype === "F32") return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const halves = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    halves[i] = toHalf(value);
    if ((halves[i]! & 0x7fff) === 0x7c00 && Number.isFinite(value)) {
      throw new ServiceError(
        "invalid_argument",
        `tensor ${name}: F16 holds values up to ${LARGEST_HALF}, got ${value}; write F32`,
      );
    }
  }
  return new Uint8Array(halves.buffer);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}

/**
 * The same weights at other precisions for llama.cpp: a GGUF file whose matrices are written again as F16 or Q8_0.
 * Metadata and the order of rows stay as they are. Only what the benchmark's own file holds is known here (F32, Q8_0
 * and Q4_1, GGUF 2 and 3, little-endian); the product reads GGUF elsewhere, with all its checks.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fromHalf, toHalf } from "#shared/half.js";

export type RequantizedType = "F16" | "Q8_0";

const TYPE_IDS = { F32: 0, F16: 1, Q4_1: 3, Q8_0: 8 } as const;
/** `general.file_type`, which only describes. */
const FILE_TYPES: Readonly<Record<RequantizedType, number>> = { F16: 1, Q8_0: 7 };
const ALIGNMENT = 32;
const BLOCK = 32;
/** Bytes of metadata value types 0..12; strings and arrays apart. */
const SCALAR_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const STRING = 8;
const ARRAY = 9;

interface GgufTensor {
  readonly name: string;
  readonly dims: readonly bigint[];
  readonly type: number;
  readonly offset: number;
}

export async function requantizeGguf(from: string, to: string, type: RequantizedType): Promise<void> {
  await writeFile(to, requantize(await readFile(from), type));
}

export function requantize(file: Buffer, type: RequantizedType): Buffer {
  const reader = new Reader(file);
  const tensorCount = reader.header();
  const metadataStart = reader.position;
  const fileTypeAt = reader.skipMetadata();
  const metadata = Buffer.from(file.subarray(metadataStart, reader.position));
  if (fileTypeAt !== undefined) metadata.writeUInt32LE(FILE_TYPES[type], fileTypeAt - metadataStart);
  const tensors = Array.from({ length: tensorCount }, () => reader.tensor());
  const dataStart = align(reader.position);
  const written = tensors.map((tensor) => {
    const values = dequantize(file, dataStart + tensor.offset, tensor);
    return tensor.dims.length < 2
      ? { tensor, type: TYPE_IDS.F32, bytes: Buffer.from(values.buffer) }
      : { tensor, type: TYPE_IDS[type], bytes: type === "F16" ? toF16(values) : toQ8(values) };
  });
  let offset = 0;
  const table = written.map((each) => {
    const entry = tableEntry(each.tensor, each.type, offset);
    offset += align(each.bytes.length);
    return entry;
  });
  const head = Buffer.concat([file.subarray(0, metadataStart), metadata, ...table]);
  const padded = [head, ...written.map(({ bytes }) => bytes)].map((bytes) =>
    Buffer.concat([bytes, Buffer.alloc(align(bytes.length) - bytes.length)]),
  );
  return Buffer.concat(padded);
}

const align = (position: number): number => Math.ceil(position / ALIGNMENT) * ALIGNMENT;

class Reader {
  readonly #file: Buffer;
  readonly #view: DataView;
  #metadataCount = 0;
  position = 0;

  constructor(file: Buffer) {
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  /** Magic, version, and the two counts; gives the number of tensors. */
  header(): number {
    if (this.#file.toString("latin1", 0, 4) !== "GGUF") throw new Error("a GGUF file must begin with GGUF");
    this.position = 8;
    const tensors = this.#u64();
    this.#metadataCount = this.#u64();
    return tensors;
  }

  /** Gives where the value of `general.file_type` is. */
  skipMetadata(): number | undefined {
    let fileTypeAt: number | undefined;
    for (let i = 0; i < this.#metadataCount; i++) {
      const key = this.#string();
      const type = this.#u32();
      if (key === "general.file_type") fileTypeAt = this.position;
      this.#skipValue(type);
    }
    return fileTypeAt;
  }

  tensor(): GgufTensor {
    const name = this.#string();
    const dims = Array.from({ length: this.#u32() }, () => BigInt(this.#u64()));
    return { name, dims, type: this.#u32(), offset: this.#u64() };
  }

  #skipValue(type: number): void {
    if (type === STRING) this.#string();
    else if (type === ARRAY) {
      const items = this.#u32();
      const count = this.#u64();
      for (let i = 0; i < count; i++) this.#skipValue(items);
    } else this.position += SCALAR_BYTES[type]!;
  }

  #string(): string {
    const length = this.#u64();
    this.position += length;
    return this.#file.toString("utf8", this.position - length, this.position);
  }

  #u32(): number {
    this.position += 4;
    return this.#view.getUint32(this.position - 4, true);
  }

  #u64(): number {
    this.position += 8;
    return Number(this.#view.getBigUint64(this.position - 8, true));
  }
}

function tableEntry({ name, dims }: GgufTensor, type: number, offset: number): Buffer {
  const bytes = Buffer.from(name, "utf8");
  const entry = Buffer.alloc(8 + bytes.length + 4 + 8 * dims.length + 4 + 8);
  let at = entry.writeBigUInt64LE(BigInt(bytes.length), 0);
  at += bytes.copy(entry, at);
  at = entry.writeUInt32LE(dims.length, at);
  for (const dim of dims) at = entry.writeBigUInt64LE(dim, at);
  at = entry.writeUInt32LE(type, at);
  entry.writeBigUInt64LE(BigInt(offset), at);
  return entry;
}

function dequantize(file: Buffer, start: number, { name, dims, type }: GgufTensor): Float32Array {
  const count = Number(dims.reduce((product, dim) => product * dim, 1n));
  const values = new Float32Array(count);
  const view = new DataView(file.buffer, file.byteOffset + start);
  if (type === TYPE_IDS.F32) for (let i = 0; i < count; i++) values[i] = view.getFloat32(4 * i, true);
  else if (type === TYPE_IDS.Q8_0) fromQ8(view, values);
  else if (type === TYPE_IDS.Q4_1) fromQ4(view, values);
  else throw new Error(`${name}: the benchmark requantises F32, Q8_0 and Q4_1, got type ${type}`);
  return values;
}

/** 34 bytes: f16 scale, 32 signed bytes. */
function fromQ8(view: DataView, values: Float32Array): void {
  for (let block = 0, at = 0; block < values.length; block += BLOCK, at += 2 + BLOCK) {
    const scale = fromHalf(view.getUint16(at, true));
    for (let i = 0; i < BLOCK; i++) values[block + i] = scale * view.getInt8(at + 2 + i);
  }
}

/** 20 bytes: f16 scale, f16 minimum, 16 bytes of two values; value i in the low half of byte i, i + 16 in the high. */
function fromQ4(view: DataView, values: Float32Array): void {
  for (let block = 0, at = 0; block < values.length; block += BLOCK, at += 20) {
    const scale = fromHalf(view.getUint16(at, true));
    const minimum = fromHalf(view.getUint16(at + 2, true));
    for (let i = 0; i < 16; i++) {
      const byte = view.getUint8(at + 4 + i);
      values[block + i] = scale * (byte & 15) + minimum;
      values[block + 16 + i] = scale * (byte >> 4) + minimum;
    }
  }
}

function toF16(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (let i = 0; i < values.length; i++) bytes.writeUInt16LE(toHalf(values[i]!), 2 * i);
  return bytes;
}

function toQ8(values: Float32Array): Buffer {
  const bytes = Buffer.alloc((values.length / BLOCK) * (2 + BLOCK));
  for (let block = 0, at = 0; block < values.length; block += BLOCK, at += 2 + BLOCK) {
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(values[block + i]!));
    const scale = largest / 127;
    bytes.writeUInt16LE(toHalf(scale), at);
    for (let i = 0; i < BLOCK; i++)
      bytes.writeInt8(scale === 0 ? 0 : Math.round(values[block + i]! / scale), at + 2 + i);
  }
  return bytes;
}

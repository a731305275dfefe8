/**
 * The header of a GGUF file, versions 2 and 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): metadata,
 * then where each tensor lies. Everything it claims is checked against the file's size before anything is allocated by it.
 * Our own reader, because @huggingface/gguf 0.4.6 takes a header that is cut short (what is missing reads as zeros)
 * and does not look whether a tensor lies inside the file.
 */
import { refuseFile, quote } from "../refusal.js";
import type { TensorEntry } from "../safetensors-header.js";
import type { HeaderCursor } from "./header-cursor.js";
import { Metadata, type MetadataValue } from "./metadata.js";
import { READABLE_TYPES, type TensorType, tensorType, tensorTypeName } from "./tensor-types.js";

/** Shape is rows first, as everywhere here; the file has it the other way round. */
export interface GgufTensor extends TensorEntry {
  readonly type: TensorType;
}

export interface GgufHeader {
  readonly metadata: Metadata;
  /** Under the names of the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747;
const MAX_DIMS = 4;
const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 1 << 20;
/** Key length, key, type, one byte. */
const LEAST_PAIR_BYTES = 13;
/** Name length, name, dimensions, one of them, type, offset. */
const LEAST_TENSOR_BYTES = 32;

/** @throws ServiceError `failed_precondition` naming the file, what must hold and what was got. */
export function readGgufHeader(cursor: HeaderCursor, file: string): GgufHeader {
  const fileBytes = cursor.remaining;
  const version = readVersion(cursor, file);
  const tensorCount = cursor.count("tensors", LEAST_TENSOR_BYTES);
  const pairCount = cursor.count("metadata", LEAST_PAIR_BYTES);
  const metadata = new Metadata(file, version, readPairs(cursor, file, pairCount));
  const alignment = readAlignment(metadata, file);
  const places = readPlaces(cursor, file, tensorCount);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return { metadata, tensors: locate(places, { file, fileBytes, dataStart, alignment }) };
}

function readVersion(cursor: HeaderCursor, file: string): number {
  const magic = cursor.u32();
  if (magic !== MAGIC) throw refuseFile(file, 'must begin with "GGUF"; get the file again');
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  // A big-endian file has the version's one byte at the other end.
  const bigEndian = version >= 1 << 24;
  const got = bigEndian ? "a big-endian file" : version;
  throw refuseFile(
    file,
    `must be GGUF of version 2 or 3, little-endian, got ${got}; convert the model again`,
  );
}

function readPairs(cursor: HeaderCursor, file: string, count: number): Map<string, MetadataValue> {
  const values = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string();
    if (values.has(key)) throw refuseFile(file, `metadata ${quote(key)} must be there once, got it twice`);
    values.set(key, readValue(cursor, file, key, cursor.u32()));
  }
  return values;
}

type Scalar = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "u64" | "i64" | "f64";
/** By the number of the value's type, with its bytes. */
const SCALARS: ReadonlyMap<number, readonly [read: Scalar, bytes: number]> = new Map([
  [0, ["u8", 1]],
  [1, ["i8", 1]],
  [2, ["u16", 2]],
  [3, ["i16", 2]],
  [4, ["u32", 4]],
  [5, ["i32", 4]],
  [6, ["f32", 4]],
  [10, ["u64", 8]],
  [11, ["i64", 8]],
  [12, ["f64", 8]],
]);
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

function readValue(cursor: HeaderCursor, file: string, key: string, type: number): MetadataValue {
  if (type === STRING) return cursor.string();
  if (type === ARRAY) return readArray(cursor, file, key, cursor.u32());
  if (type === BOOL) return cursor.u8() !== 0;
  const scalar = SCALARS.get(type);
  if (scalar !== undefined) return cursor[scalar[0]]();
  throw refuseFile(file, `metadata ${quote(key)} must have a type from 0 to 12, got ${type}`);
}

function readArray(cursor: HeaderCursor, file: string, key: string, type: number): MetadataValue {
  const what = `values of ${quote(key)}`;
  if (type === STRING) {
    const texts: string[] = [];
    // 8 bytes of length each.
    for (let left = cursor.count(what, 8); left > 0; left--) texts.push(cursor.string());
    return texts;
  }
  if (type === BOOL) return cursor.bytes(cursor.count(what, 1));
  const scalar = SCALARS.get(type);
  if (scalar === undefined) {
    // ggml itself takes no arrays of arrays.
    throw refuseFile(file, `metadata ${quote(key)} must be an array of plain values, got type ${type}`);
  }
  const [read, bytes] = scalar;
  const numbers = new Float64Array(cursor.count(what, bytes));
  for (let i = 0; i < numbers.length; i++) numbers[i] = cursor[read]();
  return numbers;
}

function readAlignment(metadata: Metadata, file: string): number {
  const alignment = metadata.number("general.alignment") ?? DEFAULT_ALIGNMENT;
  if (alignment >= 1 && alignment <= MAX_ALIGNMENT && Number.isInteger(Math.log2(alignment)))
    return alignment;
  throw refuseFile(
    file,
    `general.alignment must be a power of two up to ${MAX_ALIGNMENT}, got ${alignment}; convert the model again`,
  );
}

interface Place {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** From the start of the data. */
  readonly offset: number;
}

function readPlaces(cursor: HeaderCursor, file: string, count: number): Place[] {
  const places: Place[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const place = readPlace(cursor, file);
    if (names.has(place.name))
      throw refuseFile(file, `tensor ${quote(place.name)} must be there once, got it twice`);
    names.add(place.name);
    places.push(place);
  }
  return places;
}

function readPlace(cursor: HeaderCursor, file: string): Place {
  const name = cursor.string();
  const refuse = (problem: string) => refuseFile(file, `tensor ${quote(name)}: ${problem}`);
  const dimCount = cursor.u32();
  if (dimCount < 1 || dimCount > MAX_DIMS) {
    throw refuse(`must have 1 to ${MAX_DIMS} dimensions, got ${dimCount}; get the file again`);
  }
  const shape = Array.from({ length: dimCount }, () => cursor.u64()).toReversed();
  const typeId = cursor.u32();
  const type = tensorType(typeId);
  if (type === undefined) {
    const names = READABLE_TYPES.map((each) => each.name).join(", ");
    throw refuse(
      `must be of type ${names}, got ${tensorTypeName(typeId)}; take a file of those, such as Q4_K_M or Q8_0`,
    );
  }
  const rowElements = shape.at(-1)!;
  if (shape.some((size) => size < 1) || rowElements % type.blockElements !== 0) {
    const must = `its sizes must be at least 1 and its rows whole blocks of ${type.blockElements}`;
    throw refuse(`${must}, got [${shape.join(", ")}] of ${type.name}`);
  }
  // In floating point an overflowing product is merely large, and will not fit into the file.
  const elements = shape.reduce((product, size) => product * size, 1);
  return {
    name,
    type,
    shape,
    byteLength: (elements / type.blockElements) * type.blockBytes,
    offset: cursor.u64(),
  };
}

/** Tensors follow each other in the order of the header, each padded to the alignment, as ggml demands it. */
function locate(
  places: readonly Place[],
  data: {
    readonly file: string;
    readonly fileBytes: number;
    readonly dataStart: number;
    readonly alignment: number;
  },
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  let expected = 0;
  for (const { name, type, shape, byteLength, offset } of places) {
    const end = data.dataStart + offset + byteLength;
    if (end > data.fileBytes) {
      const takes = `${type.name} of shape [${shape.join(", ")}] from byte ${offset} of the data ends at byte ${end}`;
      const problem = `${takes}, but the file has ${data.fileBytes}; get the file again`;
      throw refuseFile(data.file, `tensor ${quote(name)}: ${problem}`);
    }
    if (offset !== expected) {
      const problem = `must begin at byte ${expected} of the data, after the one before, got ${offset}; get the file again`;
      throw refuseFile(data.file, `tensor ${quote(name)}: ${problem}`);
    }
    expected = Math.ceil((offset + byteLength) / data.alignment) * data.alignment;
    tensors.set(name, { name, dtype: type.name, type, shape, offset: data.dataStart + offset, byteLength });
  }
  return tensors;
}

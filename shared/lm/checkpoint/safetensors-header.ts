/**
 * The header of a safetensors file: 8 bytes of length (little-endian), JSON of that length, then the tensors' bytes
 * with neither gaps nor overlaps (https://github.com/huggingface/safetensors). Everything a header claims is checked
 * against the file's size before anything is allocated by it.
 */
import { isJsonObject, type JsonObject, parseJson } from "./json.js";
import { quote, refuseFile } from "./refusal.js";

export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Position of the first byte in the file, and how many there are. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
export const LENGTH_BYTES = 8;

const BYTES: ReadonlyMap<string, number> = new Map([
  ...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"].map((dtype) => [dtype, 1] as const),
  ...["U16", "I16", "F16", "BF16"].map((dtype) => [dtype, 2] as const),
  ...["U32", "I32", "F32"].map((dtype) => [dtype, 4] as const),
  ...["U64", "I64", "F64"].map((dtype) => [dtype, 8] as const),
]);

/**
 * The header's length from the file's first 8 bytes.
 * @throws ServiceError `failed_precondition` when it cannot be one.
 */
export function headerLength(file: string, prefix: Uint8Array, fileBytes: number): number {
  if (prefix.length < LENGTH_BYTES) {
    throw refuseFile(
      file,
      `a safetensors file has at least 8 bytes, this one ${prefix.length}; get the file again`,
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  const room = Math.min(fileBytes - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length > BigInt(room)) {
    throw refuseFile(file, `its header must fit in ${room} bytes but claims ${length}; get the file again`);
  }
  return Number(length);
}

/**
 * Parses and checks the header's JSON text.
 * @throws ServiceError `failed_precondition` naming the file, the tensor, what must hold and what was got.
 */
export function parseHeader(file: string, text: string, fileBytes: number): SafetensorsHeader {
  const json = parseObject(file, text);
  const dataStart = LENGTH_BYTES + Buffer.byteLength(text);
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = toMetadata(file, value);
    else tensors.set(name, toEntry(file, name, value, dataStart, fileBytes));
  }
  assertContiguous(file, [...tensors.values()], dataStart, fileBytes);
  return { tensors, metadata };
}

function parseObject(file: string, text: string): JsonObject {
  const json = parseJson(`${file} (header)`, text);
  if (isJsonObject(json)) return json;
  throw refuseFile(file, `its header must be a JSON object, got ${quote(json)}`);
}

function toMetadata(file: string, value: unknown): Record<string, string> {
  const texts: [string, string][] = [];
  for (const [key, text] of isJsonObject(value) ? Object.entries(value) : [["", value] as const]) {
    if (typeof text !== "string") {
      throw refuseFile(file, `__metadata__ must map names to strings, got ${quote(value)}`);
    }
    texts.push([key, text]);
  }
  return Object.fromEntries(texts);
}

function toEntry(
  file: string,
  name: string,
  value: unknown,
  dataStart: number,
  fileBytes: number,
): TensorEntry {
  const refuse = (problem: string) => refuseFile(file, `tensor ${quote(name)}: ${problem}`);
  const { dtype, shape, data_offsets: offsets } = isJsonObject(value) ? value : {};
  if (typeof dtype !== "string" || !BYTES.has(dtype)) {
    throw refuse(`dtype must be one of ${[...BYTES.keys()].join(", ")}, got ${quote(dtype)}`);
  }
  if (!isCounts(shape)) throw refuse(`shape must be an array of sizes, got ${quote(shape)}`);
  const dataBytes = fileBytes - dataStart;
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]! || offsets[1]! > dataBytes) {
    throw refuse(
      `data_offsets must be [begin, end] within the file's ${dataBytes} bytes of data, got ${quote(offsets)}`,
    );
  }
  const byteLength = offsets[1]! - offsets[0]!;
  // In floating point an overflowing product is merely large, and differs.
  const expected = shape.reduce((product, size) => product * size, BYTES.get(dtype)!);
  if (expected !== byteLength) {
    throw refuse(
      `${dtype} of shape [${shape.join(", ")}] takes ${expected} bytes, but data_offsets give it ${byteLength}`,
    );
  }
  return { name, dtype, shape, offset: dataStart + offsets[0]!, byteLength };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function assertContiguous(file: string, entries: TensorEntry[], dataStart: number, fileBytes: number): void {
  // Empty tensors before others at the same offset, so that they never look like an overlap.
  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end) {
      const what = offset < end ? "overlaps the tensor before it" : "leaves a gap before it";
      throw refuseFile(
        file,
        `tensor ${quote(name)}: begins at byte ${offset}, which ${what} (ends at ${end})`,
      );
    }
    end += byteLength;
  }
  if (end !== fileBytes) {
    throw refuseFile(
      file,
      `its tensors end at byte ${end} but the file has ${fileBytes}; get the file again`,
    );
  }
}

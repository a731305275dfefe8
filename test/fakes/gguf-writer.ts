/** Writes GGUF files for tests: what a converter would, or anything else that the format can say. */

/** One key's value with its type in the file. */
export type GgufValue =
  | { readonly u32: number }
  | { readonly u64: bigint }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly i32s: readonly number[] }
  | { readonly f32s: readonly number[] };

export interface GgufWriterTensor {
  readonly name: string;
  /** Rows first. */
  readonly shape: readonly number[];
  /** ggml's number of the type; 0 is F32. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface GgufContent {
  readonly version?: number;
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufWriterTensor[];
}

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const f32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};
export const text = (value: string): Buffer =>
  Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

function encode(value: GgufValue): Buffer {
  const array = (type: number, items: readonly Buffer[]): Buffer =>
    Buffer.concat([u32(9), u32(type), u64(items.length), ...items]);
  if ("u32" in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ("u64" in value) return Buffer.concat([u32(10), u64(value.u64)]);
  if ("f32" in value) return Buffer.concat([u32(6), f32(value.f32)]);
  if ("bool" in value) return Buffer.concat([u32(7), Buffer.from([value.bool ? 1 : 0])]);
  if ("text" in value) return Buffer.concat([u32(8), text(value.text)]);
  if ("texts" in value) return array(8, value.texts.map(text));
  if ("i32s" in value)
    return array(
      5,
      value.i32s.map((number) => u32(number >>> 0)),
    );
  return array(6, value.f32s.map(f32));
}

const pad = (bytes: Buffer, alignment = 32): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);

/** The bytes of a file; tensors lie in the order given, each padded to 32 bytes. */
export function ggufBytes({ version = 3, metadata, tensors }: GgufContent): Buffer {
  const pairs = Object.entries(metadata).map(([key, value]) => Buffer.concat([text(key), encode(value)]));
  let offset = 0;
  const places = tensors.map(({ name, shape, type, bytes }) => {
    const dims = shape.toReversed().map((size) => u64(size));
    const place = Buffer.concat([text(name), u32(dims.length), ...dims, u32(type), u64(offset)]);
    offset += Math.ceil(bytes.length / 32) * 32;
    return place;
  });
  const head = [Buffer.from("GGUF"), u32(version), u64(tensors.length), u64(pairs.length)];
  const data = tensors.map(({ bytes }) => pad(Buffer.from(bytes)));
  return Buffer.concat([pad(Buffer.concat([...head, ...pairs, ...places])), ...data]);
}

/** An F32 tensor. */
export function floats(name: string, shape: readonly number[], values: Float32Array): GgufWriterTensor {
  return { name, shape, type: 0, bytes: new Uint8Array(values.slice().buffer) };
}

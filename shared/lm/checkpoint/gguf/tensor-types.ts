/** The tensor types of ggml: how many elements are packed into how many bytes, and which of them can be read. */
import { widenBfloat16, widenHalf } from "#shared/half.js";
import { dequantizeQ4K, dequantizeQ5K, dequantizeQ6K } from "./dequantize-k.js";
import { dequantizeQ40, dequantizeQ41, dequantizeQ50, dequantizeQ51, dequantizeQ80 } from "./dequantize.js";

export interface TensorType {
  readonly name: string;
  /** Elements of a block; rows are whole blocks. */
  readonly blockElements: number;
  readonly blockBytes: number;
  /** Whole blocks to float32, exactly. `bytes` begins at a multiple of 4 of its buffer. */
  readonly widen: (bytes: Uint8Array<ArrayBuffer>, values: Float32Array) => void;
}

const readable = (
  name: string,
  blockElements: number,
  blockBytes: number,
  widen: TensorType["widen"],
): TensorType => ({ name, blockElements, blockBytes, widen });

/** By the number that stands for it in a file. */
const READABLE: ReadonlyMap<number, TensorType> = new Map([
  [
    0,
    readable("F32", 1, 4, (bytes, values) =>
      values.set(new Float32Array(bytes.buffer, bytes.byteOffset, values.length)),
    ),
  ],
  [1, readable("F16", 1, 2, (bytes, values) => widenHalf(halves(bytes), values))],
  [30, readable("BF16", 1, 2, (bytes, values) => widenBfloat16(halves(bytes), values))],
  [2, readable("Q4_0", 32, 18, dequantizeQ40)],
  [3, readable("Q4_1", 32, 20, dequantizeQ41)],
  [6, readable("Q5_0", 32, 22, dequantizeQ50)],
  [7, readable("Q5_1", 32, 24, dequantizeQ51)],
  [8, readable("Q8_0", 32, 34, dequantizeQ80)],
  [12, readable("Q4_K", 256, 144, dequantizeQ4K)],
  [13, readable("Q5_K", 256, 176, dequantizeQ5K)],
  [14, readable("Q6_K", 256, 210, dequantizeQ6K)],
]);

export const READABLE_TYPES: readonly TensorType[] = [...READABLE.values()];

/** Those that are known by name only, so that a refusal can say which it was. */
const OTHERS: Readonly<Record<number, string>> = {
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

export function tensorType(id: number): TensorType | undefined {
  return READABLE.get(id);
}

/** For messages. */
export function tensorTypeName(id: number): string {
  return READABLE.get(id)?.name ?? OTHERS[id] ?? `number ${id}`;
}

function halves(bytes: Uint8Array<ArrayBuffer>): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

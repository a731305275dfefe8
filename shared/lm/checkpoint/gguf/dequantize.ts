/**
 * ggml's quantised blocks of 32 to float32 (ggml-quants.c, `dequantize_row_*`). Exact: every product of a binary16
 * scale and a small integer fits into float32, and the one rounded operation, the sum with the minimum, is rounded once
 * when it is stored. Scales are looked up in the table of all binary16 numbers.
 */
import { halfValues } from "#shared/half.js";

/** Scale; 16 bytes whose low nibbles are values 0..15 and high nibbles 16..31, less 8. */
export function dequantizeQ40(bytes: Uint8Array, values: Float32Array): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += 18, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < 16; i++) {
      const packed = bytes[at + 2 + i]!;
      values[to + i] = scale * ((packed & 15) - 8);
      values[to + 16 + i] = scale * ((packed >> 4) - 8);
    }
  }
}

/** Scale, minimum; nibbles as in Q4_0. */
export function dequantizeQ41(bytes: Uint8Array, values: Float32Array): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += 20, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let i = 0; i < 16; i++) {
      const packed = bytes[at + 4 + i]!;
      values[to + i] = scale * (packed & 15) + minimum;
      values[to + 16 + i] = scale * (packed >> 4) + minimum;
    }
  }
}

/** Scale, 32 fifth bits, nibbles; less 16. */
export function dequantizeQ50(bytes: Uint8Array, values: Float32Array): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += 22, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const fifth = word(bytes, at + 2);
    for (let i = 0; i < 16; i++) {
      const packed = bytes[at + 6 + i]!;
      values[to + i] = scale * (((packed & 15) | (((fifth >>> i) & 1) << 4)) - 16);
      values[to + 16 + i] = scale * (((packed >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
}

/** Scale, minimum, 32 fifth bits, nibbles. */
export function dequantizeQ51(bytes: Uint8Array, values: Float32Array): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += 24, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const fifth = word(bytes, at + 4);
    for (let i = 0; i < 16; i++) {
      const packed = bytes[at + 8 + i]!;
      values[to + i] = scale * ((packed & 15) | (((fifth >>> i) & 1) << 4)) + minimum;
      values[to + 16 + i] = scale * ((packed >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) + minimum;
    }
  }
}

/** Scale, 32 signed bytes. */
export function dequantizeQ80(bytes: Uint8Array, values: Float32Array): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += 34, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < 32; i++) values[to + i] = scale * ((bytes[at + 2 + i]! << 24) >> 24);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

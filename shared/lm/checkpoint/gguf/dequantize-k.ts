/**
 * ggml's K-quants, blocks of 256, to float32 (ggml-quants.c, `dequantize_row_q*_K`). Exact as the blocks of 32 are:
 * scale times sub-scale times value is exact in float64, and storing it rounds once, as float32 arithmetic does.
 */
import { halfValues } from "#shared/half.js";

/**
 * The 6-bit scale and minimum of sub-block 0..7, packed into 12 bytes from `at`: the first four whole, the upper bits of
 * the last four on top of them. Returns scale + 64 * minimum.
 */
function scaleAndMinimum(bytes: Uint8Array, at: number, block: number): number {
  if (block < 4) return (bytes[at + block]! & 63) + 64 * (bytes[at + block + 4]! & 63);
  const low = bytes[at + block + 4]!;
  const scale = (low & 15) | ((bytes[at + block - 4]! >> 6) << 4);
  const minimum = (low >> 4) | ((bytes[at + block]! >> 6) << 4);
  return scale + 64 * minimum;
}

/** Called for 32 values from `start` on: value = step * q - minimum, q in sub-block `block` of the block at `at`. */
type SubBlock = (at: number, start: number, block: number, step: number, minimum: number) => void;

/** Blocks that begin with a scale, a scale of minima and 12 bytes of sub-scales. */
function forEachSubBlock(bytes: Uint8Array, blockBytes: number, visit: SubBlock): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += blockBytes, to += 256) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimumScale = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let block = 0; block < 8; block++) {
      const packed = scaleAndMinimum(bytes, at + 4, block);
      visit(at, to + 32 * block, block, scale * (packed & 63), minimumScale * (packed >> 6));
    }
  }
}

/** After the scales 128 bytes: of each 32 the low nibbles are a sub-block, the high ones the next. */
export function dequantizeQ4K(bytes: Uint8Array, values: Float32Array): void {
  forEachSubBlock(bytes, 144, (at, start, block, step, minimum) => {
    const from = at + 16 + 32 * (block >> 1);
    const shift = 4 * (block & 1);
    for (let i = 0; i < 32; i++) values[start + i] = step * ((bytes[from + i]! >> shift) & 15) - minimum;
  });
}

/** As Q4_K, with a fifth bit: bit `block` of 32 bytes, before the others, that all sub-blocks share. */
export function dequantizeQ5K(bytes: Uint8Array, values: Float32Array): void {
  forEachSubBlock(bytes, 176, (at, start, block, step, minimum) => {
    const from = at + 48 + 32 * (block >> 1);
    const shift = 4 * (block & 1);
    for (let i = 0; i < 32; i++) {
      const fifth = ((bytes[at + 16 + i]! >> block) & 1) << 4;
      values[start + i] = step * (((bytes[from + i]! >> shift) & 15) | fifth) - minimum;
    }
  });
}

/**
 * 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed sub-scales, scale; less 32. Each half of 128 values has 64
 * and 32 of these bytes: quarter q of it is nibble q/2 of bytes 32 * (q % 2) .. and pair q of the upper bits.
 */
export function dequantizeQ6K(bytes: Uint8Array, values: Float32Array): void {
  const half = halfValues();
  for (let at = 0, to = 0; at < bytes.length; at += 210, to += 256) {
    const scale = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!;
    for (let quarter = 0; quarter < 8; quarter++) {
      const low = at + 64 * (quarter >> 2) + 32 * (quarter & 1);
      const lowShift = 4 * ((quarter >> 1) & 1);
      const high = at + 128 + 32 * (quarter >> 2);
      const highShift = 2 * (quarter & 3);
      const scales = at + 192 + 2 * quarter;
      const first = scale * ((bytes[scales]! << 24) >> 24);
      const second = scale * ((bytes[scales + 1]! << 24) >> 24);
      const start = to + 32 * quarter;
      for (let i = 0; i < 32; i++) {
        const value = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        values[start + i] = (i < 16 ? first : second) * (value - 32);
      }
    }
  }
}

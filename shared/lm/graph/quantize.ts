/**
 * Weight formats of the quantised decoders. A matrix comes as Hugging Face stores it, [out, in] row-major; what leaves
 * is laid out as the ONNX Runtime kernels read it.
 */

/** Columns of one scale in the 4-bit format. */
export const INT4_BLOCK = 32;

export interface Int8Weights {
  /** [in, out] */
  readonly values: Int8Array;
  /** [out]: weight = value * scale. */
  readonly scales: Float32Array;
}

/** Symmetric 8-bit weights with one scale per output: the largest magnitude of a row becomes 127. */
export function quantizeInt8(weights: Float32Array, rows: number, columns: number): Int8Weights {
  const values = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const line = weights.subarray(row * columns, (row + 1) * columns);
    let largest = 0;
    for (const weight of line) largest = Math.max(largest, Math.abs(weight));
    const scale = largest === 0 ? 1 : largest / 127;
    scales[row] = scale;
    for (let column = 0; column < columns; column++) {
      values[column * rows + row] = Math.round(line[column]! / scale);
    }
  }
  return { values, scales };
}

export interface Int4Weights {
  /** [out, blocks, 16]: two values a byte, the earlier in the low half, each 8 above its signed value. */
  readonly values: Uint8Array;
  /** [out, blocks]: weight = (value - 8) * scale. */
  readonly scales: Float32Array;
}

/**
 * 4-bit weights in blocks of 32 along the input, as MatMulNBits reads them; the scale of each block is fitted to it. A
 * last, shorter block is padded with zeros.
 */
export function quantizeInt4(weights: Float32Array, rows: number, columns: number): Int4Weights {
  const blocks = Math.ceil(columns / INT4_BLOCK);
  const values = new Uint8Array((rows * blocks * INT4_BLOCK) / 2);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    const line = weights.subarray(row * columns, (row + 1) * columns);
    for (let block = 0; block < blocks; block++) {
      const index = row * blocks + block;
      const part = line.subarray(block * INT4_BLOCK, (block + 1) * INT4_BLOCK);
      scales[index] = packBlock(part, values.subarray((index * INT4_BLOCK) / 2));
    }
  }
  return { values, scales };
}

/** Packs up to 32 weights into 16 bytes and returns their scale. */
function packBlock(part: Float32Array, bytes: Uint8Array): number {
  const scale = fitScale(part);
  for (let i = 0; i < INT4_BLOCK; i++) {
    const value = i < part.length ? roundToInt4(part[i]! / scale) + 8 : 8;
    bytes[i >> 1] = bytes[i >> 1]! | (value << (4 * (i & 1)));
  }
  return scale;
}

/** To the nearest integer in [-8, 7]. */
function roundToInt4(value: number): number {
  const shifted = Math.floor(value + 8.5);
  return shifted < 0 ? -8 : shifted > 15 ? 7 : shifted - 8;
}

/** Rounds of fitting; more gain nothing that can be measured. */
const FITS = 4;

/**
 * A scale whose sum of squared errors is small: first the one that makes the element of the largest magnitude -8, then,
 * while that helps, the least-squares scale for the values that the last one gave (Lloyd's algorithm).
 */
function fitScale(part: Float32Array): number {
  let extreme = 0;
  for (let i = 0; i < part.length; i++) if (Math.abs(part[i]!) > Math.abs(extreme)) extreme = part[i]!;
  if (extreme === 0) return 1;
  let best = extreme / -8;
  let bestGain = -Infinity;
  let scale = best;
  for (let fit = 0; fit <= FITS; fit++) {
    let product = 0;
    let square = 0;
    for (let i = 0; i < part.length; i++) {
      const value = roundToInt4(part[i]! / scale);
      product += value * part[i]!;
      square += value * value;
    }
    // The squared error is the weights' own square minus this.
    const gain = scale * (2 * product - scale * square);
    if (gain <= bestGain) break;
    [best, bestGain] = [scale, gain];
    scale = product / square;
  }
  return best;
}

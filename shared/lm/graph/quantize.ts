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
 * 4-bit weights in blocks of 32 along the input, as MatMulNBits reads them. As in llama.cpp's q4_0, the element of the
 * largest magnitude becomes -8, so that all sixteen values are used. A last, shorter block is padded with zeros.
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
  let extreme = 0;
  for (const weight of part) if (Math.abs(weight) > Math.abs(extreme)) extreme = weight;
  const scale = extreme === 0 ? 1 : extreme / -8;
  for (let i = 0; i < INT4_BLOCK; i++) {
    const value = i < part.length ? Math.min(15, Math.round(part[i]! / scale) + 8) : 8;
    bytes[i >> 1] = bytes[i >> 1]! | (value << (4 * (i & 1)));
  }
  return scale;
}

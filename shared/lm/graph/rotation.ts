/**
 * Rotation before rounding (QuaRot, Ashkboos et al. 2024, arXiv 2404.00456, here by blocks and without calibration). A
 * few channels of a language model's activations are far larger than the others, and a row that is rounded to 8 bits by
 * its largest element loses the rest. A Hadamard matrix spreads each channel over its block; the weights are rotated the
 * same way when they are made, and since the matrix is its own inverse the product stays what it was:
 *
 *     x Wᵀ = (x H) (W H)ᵀ      H = diag of blocks, each symmetric and orthogonal
 */
import type { GraphBuilder, Value } from "./builder.js";

/** Blocks whose normalisation 1 / sqrt(size) is a power of two, so that it is exact; larger ones spread no better. */
const SIZES = [64, 16];

/** Channels of a block for rows of so many; undefined when no size divides them. */
export function rotationBlock(width: number): number | undefined {
  return SIZES.find((size) => width % size === 0);
}

/** Rotates every row of a matrix with `width` columns in place (the fast Walsh-Hadamard transform of each block). */
export function rotateRows(matrix: Float32Array, width: number): void {
  const size = rotationBlock(width);
  if (size === undefined) return;
  const scale = size ** -0.5;
  for (let start = 0; start < matrix.length; start += size) {
    for (let half = 1; half < size; half *= 2) {
      for (let i = start; i < start + size; i += 2 * half) {
        for (let j = i; j < i + half; j++) {
          const [a, b] = [matrix[j]!, matrix[j + half]!];
          matrix[j] = a + b;
          matrix[j + half] = a - b;
        }
      }
    }
    for (let i = start; i < start + size; i++) matrix[i]! *= scale;
  }
}

/** The same for x [rows, width] in the graph. */
export function rotate(graph: GraphBuilder, x: Value, width: number): Value {
  const size = rotationBlock(width);
  if (size === undefined) return x;
  const blocks = graph.reshape(x, [-1, size]);
  // The factor is in `alpha`, because a factor of 1 takes another kernel for a single row (see attention.ts).
  const alpha = { float: size ** -0.5 };
  const rotated = graph.op("FusedMatMul", [blocks, graph.matrix(hadamard(size), [size, size])], { alpha });
  return graph.reshape(rotated, [-1, width]);
}

/** Sylvester's Hadamard matrix of 1 and -1 [size, size]; size is a power of two. */
function hadamard(size: number): number[] {
  return Array.from({ length: size * size }, (_, at) => {
    let common = Math.floor(at / size) & (at % size);
    let sign = 1;
    for (; common > 0; common &= common - 1) sign = -sign;
    return sign;
  });
}

import { describe, expect, test } from "vitest";
import { INT4_BLOCK, quantizeInt4, quantizeInt8 } from "#shared/lm/graph/quantize.js";
import { createRng } from "#shared/rng.js";

const random = (count: number, seed: number): Float32Array => {
  const rng = createRng(seed, "weights");
  return Float32Array.from({ length: count }, () => rng.normal());
};

/** The matrix [rows, columns] that int8 weights stand for. */
function dequantizeInt8(
  rows: number,
  columns: number,
  { values, scales }: ReturnType<typeof quantizeInt8>,
): number[] {
  return Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns);
    return values[(i % columns) * rows + row]! * scales[row]!;
  });
}

/** The matrix [rows, columns] that int4 weights stand for, one value at a time as MatMulNBits documents it. */
function dequantizeInt4(
  rows: number,
  columns: number,
  { values, scales }: ReturnType<typeof quantizeInt4>,
): number[] {
  const blocks = Math.ceil(columns / INT4_BLOCK);
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const block = row * blocks + Math.floor(column / INT4_BLOCK);
    const byte = values[block * 16 + ((column % INT4_BLOCK) >> 1)]!;
    return (((column % 2 === 0 ? byte : byte >> 4) & 15) - 8) * scales[block]!;
  });
}

describe("int8", () => {
  test("rounds a row to steps of a 127th of its largest magnitude", () => {
    const { values, scales } = quantizeInt8(Float32Array.of(127, -63.4, 0.4, -1, 0.5, 2), 2, 3);
    expect([...scales]).toEqual([1, Math.fround(2 / 127)]);
    // Transposed: the first column of both rows, then the second, then the third. -63.5 and 31.75 round up.
    expect([...values]).toEqual([127, -63, -63, 32, 0, 127]);
  });

  test("is within half a step everywhere, and keeps rows of zeros", () => {
    const weights = random(7 * 40, 1);
    weights.fill(0, 40, 80);
    const quantized = quantizeInt8(weights, 7, 40);
    for (const [i, value] of dequantizeInt8(7, 40, quantized).entries()) {
      expect(Math.abs(value - weights[i]!)).toBeLessThanOrEqual(
        quantized.scales[Math.floor(i / 40)]! * 0.5001,
      );
    }
  });
});

describe("int4", () => {
  test("uses all sixteen values where that loses nothing", () => {
    const weights = new Float32Array(INT4_BLOCK);
    weights.set([4, -2, 0.5, -0.5]);
    const { values, scales } = quantizeInt4(weights, 1, INT4_BLOCK);
    expect([...scales]).toEqual([-0.5]);
    // 4 -> -8, -2 -> 4, 0.5 -> -1, -0.5 -> 1; stored 8 higher, the earlier in the low half.
    expect(values[0]).toBe(0 | (12 << 4));
    expect(values[1]).toBe(7 | (9 << 4));
    expect(values[2]).toBe(0x88);
  });

  test("gives every weight the nearest of the sixteen values", () => {
    const columns = 45;
    const weights = random(6 * columns, 2);
    const quantized = quantizeInt4(weights, 6, columns);
    expect(quantized.values.length).toBe(6 * 2 * 16);
    for (const [i, value] of dequantizeInt4(6, columns, quantized).entries()) {
      const scale = quantized.scales[Math.floor(i / columns) * 2 + Math.floor((i % columns) / INT4_BLOCK)]!;
      const nearest = Math.min(
        ...Array.from({ length: 16 }, (_, q) => Math.abs(weights[i]! - (q - 8) * scale)),
      );
      expect(Math.abs(weights[i]! - value)).toBeCloseTo(nearest, 6);
    }
  });

  test("fits its scales: less error than -8 for the largest magnitude alone, never more", () => {
    const weights = random(200 * INT4_BLOCK, 5);
    const fitted = dequantizeInt4(200, INT4_BLOCK, quantizeInt4(weights, 200, INT4_BLOCK));
    let [sum, plainSum] = [0, 0];
    for (let row = 0; row < 200; row++) {
      const block = weights.subarray(row * INT4_BLOCK, (row + 1) * INT4_BLOCK);
      const extreme = block.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
      const plain = block.map(
        (w) => Math.max(-8, Math.min(7, Math.round(w / (extreme / -8)))) * (extreme / -8),
      );
      const square = (values: ArrayLike<number>, from: number): number =>
        block.reduce((total, w, i) => total + (w - values[from + i]!) ** 2, 0);
      expect(square(fitted, row * INT4_BLOCK)).toBeLessThanOrEqual(square(plain, 0) * 1.0001);
      sum += square(fitted, row * INT4_BLOCK);
      plainSum += square(plain, 0);
    }
    expect(sum).toBeLessThan(0.95 * plainSum);
  });

  test("pads a short last block with zeros", () => {
    const { values } = quantizeInt4(random(33, 3), 1, 33);
    expect([...values.subarray(17)]).toEqual(Array.from({ length: 15 }, () => 0x88));
  });
});

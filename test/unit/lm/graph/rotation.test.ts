import { rotateRows, rotationBlock } from "#shared/lm/graph/rotation.js";
import { createRng } from "#shared/rng.js";
import { describe, expect, test } from "vitest";

const rng = createRng(3, "rotation");
const random = (count: number): Float32Array => Float32Array.from({ length: count }, () => rng.normal());

describe.each([
  [128, 64],
  [48, 16],
])("rows of %i channels, in blocks of %i", (width, size) => {
  test("are multiplied with Sylvester's matrix", () => {
    expect(rotationBlock(width)).toBe(size);
    let hadamard = [[1]];
    while (hadamard.length < size)
      hadamard = [
        ...hadamard.map((row) => [...row, ...row]),
        ...hadamard.map((row) => [...row, ...row.map((value) => -value)]),
      ];
    const matrix = random(3 * width);
    const expected = Array.from(matrix, (_, at) => {
      const start = at - (at % size);
      return (
        hadamard.reduce((sum, row, i) => sum + row[at - start]! * matrix[start + i]!, 0) / Math.sqrt(size)
      );
    });
    rotateRows(matrix, width);
    expect(matrix).toBeAllclose(expected, { atol: 1e-5 });
  });

  test("come back when rotated twice, and keep their products", () => {
    const [a, b] = [random(width), random(width)];
    const product = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
    const [before, original] = [product(a, b), [...a]];
    rotateRows(a, width);
    rotateRows(b, width);
    expect(product(a, b)).toBeCloseTo(before, 4);
    rotateRows(a, width);
    expect(a).toBeAllclose(original, { atol: 1e-5 });
  });
});

test("a width that no block divides is left alone", () => {
  const row = random(50);
  const before = [...row];
  rotateRows(row, 50);
  expect(rotationBlock(50)).toBeUndefined();
  expect([...row]).toEqual(before);
});

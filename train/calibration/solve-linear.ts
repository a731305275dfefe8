/** Linear systems of a symmetric positive definite matrix, row-major [n, n]. Pure. */

/** Lower Cholesky factor; the upper triangle of `matrix` is not read. */
export function cholesky(matrix: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) rest -= factor[i * n + k]! * factor[j * n + k]!;
      factor[i * n + j] = i === j ? Math.sqrt(rest) : rest / factor[j * n + j]!;
    }
  return factor;
}

/** x of matrix x = values. */
export function solvePositive(matrix: Float64Array, values: ArrayLike<number>): Float64Array {
  const n = values.length;
  const factor = cholesky(matrix, n);
  const x = Float64Array.from(values);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= factor[i * n + k]! * x[k]!;
    x[i]! /= factor[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= factor[k * n + i]! * x[k]!;
    x[i]! /= factor[i * n + i]!;
  }
  return x;
}

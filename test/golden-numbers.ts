/** What the tests of the engine compute from its outputs to compare them with golden numbers. */
import { expect } from "vitest";

export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

export function logSumExp(logits: Float32Array): number {
  const top = logits.reduce((largest, value) => Math.max(largest, value), -Infinity);
  return top + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

/** Log-probability of each id after the ones before it: [ids - 1]. */
export function logProbs(logits: Float32Array, ids: readonly number[]): number[] {
  const width = logits.length / ids.length;
  return ids.slice(1).map((id, i) => {
    const line = logits.subarray(i * width, (i + 1) * width);
    return line[id]! - logSumExp(line);
  });
}

/** max|a - b| / max|b| */
export function relativeDifference(got: ArrayLike<number>, expected: Float32Array): number {
  expect(got.length).toBe(expected.length);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - expected[i]!));
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return difference / size;
}

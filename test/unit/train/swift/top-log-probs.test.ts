import { expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { topLogProbs } from "#train/swift/top-log-probs.js";

test("the largest log-probs of one row, highest first, and nothing else is touched", () => {
  const rng = createRng(3, "logits");
  const logits = Float32Array.from({ length: 3 * 50 }, () => 5 * rng.normal());
  const row = [...logits.subarray(50, 100)];
  const total = Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0));
  const expected = row.map((z) => z - total).toSorted((a, b) => b - a);
  const target = new Float32Array(8).fill(7);
  const before = logits.slice();
  topLogProbs(logits, 50, 50, 5, target, 2);
  expect(target.subarray(2, 7)).toBeAllclose(expected.slice(0, 5), { atol: 1e-5 });
  expect([target[0], target[1], target[7]]).toEqual([7, 7, 7]);
  expect(logits).toEqual(before);
});

test("large logits do not overflow", () => {
  const target = new Float32Array(2);
  topLogProbs(Float32Array.of(1000, 1000), 0, 2, 2, target, 0);
  expect(target).toBeAllclose([-Math.LN2, -Math.LN2], { atol: 1e-6 });
});

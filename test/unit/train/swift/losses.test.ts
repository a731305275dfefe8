import { describe, expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { LOSS, LOSSES } from "#train/swift/losses.js";

const evaluate = (name: keyof typeof LOSS, rewards: number[], labels: boolean[]) => {
  const slopes = new Float64Array(rewards.length);
  return { loss: LOSS[name].evaluate(Float64Array.from(rewards), labels, slopes), slopes };
};

const [T, F] = [true, false];

describe.each(LOSSES)("%s", (name) => {
  test.each([[[T, F, F, T, F]], [[T, T, T]], [[F, F]], [[T]]])(
    "its slopes are its derivatives: %j",
    (labels) => {
      if (LOSS[name].needsBoth && new Set(labels).size < 2) return;
      const rng = createRng(4, name);
      const rewards = labels.map(() => 1.5 * rng.normal());
      const { slopes } = evaluate(name, rewards, labels);
      for (const i of rewards.keys()) {
        const at = (shift: number): number =>
          evaluate(
            name,
            rewards.map((reward, j) => (i === j ? reward + shift : reward)),
            labels,
          ).loss;
        expect(slopes[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
      }
    },
  );

  test("is finite for rewards of any size", () => {
    const { loss, slopes } = evaluate(name, [1e4, -1e4, 1e4, -1e4], [T, T, F, F]);
    expect([loss, ...slopes].every(Number.isFinite)).toBe(true);
  });

  test("falls when a right solution rises above a wrong one", () => {
    const before = evaluate(name, [-0.5, 0.5], [T, F]).loss;
    expect(evaluate(name, [0.5, -0.5], [T, F]).loss).toBeLessThan(before);
  });
});

// log(1 + e^-1), log(1 + e^2) and so on, by hand.
test("values that can be worked out by hand", () => {
  expect(evaluate("bce", [1, 2], [T, F]).loss).toBeCloseTo((0.3132616875 + 2.126928011) / 2, 8);
  expect(evaluate("hinge", [0.25, 2], [T, F]).loss).toBeCloseTo((0.75 + 3) / 2, 12);
  // Pairs (1, 0) and (1, -1).
  expect(evaluate("dpo", [1, 0, -1], [T, F, F]).loss).toBeCloseTo((0.3132616875 + 0.126928011) / 2, 8);
  // Targets 1, 0: the cross-entropy is log(1 + e^-1).
  expect(evaluate("infonca", [1, 0], [T, F]).loss).toBeCloseTo(0.3132616875, 8);
  // -log s(1) - (log s(-1) + log s(0)) / 2
  expect(evaluate("nca", [1, 0], [T, F]).loss).toBeCloseTo(
    0.3132616875 + (1.3132616875 + 0.6931471806) / 2,
    8,
  );
});

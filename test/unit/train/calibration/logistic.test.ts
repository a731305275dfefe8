import { expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { type Example, fitLogistic } from "#train/calibration/logistic.js";
import { predict } from "#verifier/plan/calibration/calibration.js";

const plain = (features: (number | undefined)[], target: number): Example => ({
  features,
  target,
  weight: 1,
});

test("without features predicts the mean", () => {
  const model = fitLogistic([plain([], 1), plain([], 1), plain([], 1), plain([], 0)]);
  expect(predict(model, [])).toBeCloseTo(0.75, 6);
});

test("takes shares, and weights as so many examples", () => {
  const model = fitLogistic([
    { features: [], target: 0.5, weight: 2 },
    { features: [], target: 0.2, weight: 1 },
  ]);
  expect(predict(model, [])).toBeCloseTo(0.4, 6);
});

test("a feature that nobody knows changes nothing, one that some do not know is average there", () => {
  const known = fitLogistic([
    plain([1, undefined], 1),
    plain([-1, undefined], 0),
    plain([undefined, undefined], 1),
  ]);
  expect(known.weights[1]).toBe(0);
  expect(predict(known, [undefined, undefined])).toBe(predict(known, [known.means[0]!, 7]));
});

test("stays finite where the classes separate", () => {
  const model = fitLogistic(Array.from({ length: 40 }, (_, i) => plain([i - 20], Number(i >= 20))));
  expect(predict(model, [15])).toBeGreaterThan(0.95);
  expect(Number.isFinite(model.weights[0])).toBe(true);
});

test("ends where the penalised loss is flat", () => {
  const rng = createRng(3);
  const ridge = 0.7;
  const examples = Array.from({ length: 60 }, (): Example => {
    const features = [rng.normal(), 5 * rng.normal() + 2];
    return { features, target: rng.next(), weight: 0.5 + rng.next() };
  });
  const model = fitLogistic(examples, ridge);
  const loss = (intercept: number, weights: readonly number[]): number =>
    examples.reduce(
      (total, { features, target, weight }) => {
        const p = predict({ ...model, intercept, weights }, features);
        return total - weight * (target * Math.log(p) + (1 - target) * Math.log(1 - p));
      },
      (ridge / 2) * weights.reduce((total, w) => total + w * w, 0),
    );
  const { intercept, weights } = model;
  const h = 1e-4;
  const slopes = [
    loss(intercept + h, weights) - loss(intercept - h, weights),
    loss(intercept, [weights[0]! + h, weights[1]!]) - loss(intercept, [weights[0]! - h, weights[1]!]),
    loss(intercept, [weights[0]!, weights[1]! + h]) - loss(intercept, [weights[0]!, weights[1]! - h]),
  ];
  for (const slope of slopes) expect(Math.abs(slope / (2 * h))).toBeLessThan(1e-4);
});

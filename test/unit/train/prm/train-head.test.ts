import { expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { prmScore } from "#verifier/score/prm/head.js";
import { accumulateHeadGradient, trainPrmHead } from "#train/prm/train-head.js";

const options = { hidden: 8, learningRate: 1e-2, weightDecay: 0, epochs: 30, batchSize: 16, seed: 1 };

test("refuses steps with one label", () => {
  const steps = [0, 1].map((i) => ({ features: Float64Array.of(i, 1), label: 1 }));
  expect(() => trainPrmHead(steps, options)).toThrow(/different labels/);
});

test("its gradient agrees with central differences in every weight", () => {
  const rng = createRng(4);
  const [hidden, x] = [3, Float64Array.of(0.3, -1.2, 0.7, 2)];
  const parameters = Float64Array.from({ length: hidden * 4 + 2 * hidden + 1 }, () => rng.normal());
  const gradient = new Float64Array(parameters.length);
  accumulateHeadGradient(parameters, x, 0.3, hidden, gradient, 1);
  for (let i = 0; i < parameters.length; i++) {
    const at = (shift: number): number => {
      const moved = parameters.slice();
      moved[i]! += shift;
      return accumulateHeadGradient(moved, x, 0.3, hidden, new Float64Array(parameters.length), 1);
    };
    expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
  }
});

test("learns a rule that no single feature tells, and the service's forward pass agrees", () => {
  const rng = createRng(5);
  const draw = (): { features: Float64Array; label: number } => {
    const [a, b] = [rng.normal(), rng.normal()];
    return { features: Float64Array.of(100 + 30 * a, b / 50), label: Number(a * b > 0) };
  };
  const head = trainPrmHead(Array.from({ length: 1500 }, draw), options);
  const fresh = Array.from({ length: 300 }, draw);
  const right = fresh.filter(
    ({ features, label }) => prmScore(head, features) > 0.5 === (label === 1),
  ).length;
  expect(right / fresh.length).toBeGreaterThan(0.9);
});

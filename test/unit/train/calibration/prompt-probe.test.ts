import { expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { spearman } from "#shared/stats.js";
import { applyProbe, fitPromptProbe } from "#train/calibration/prompt-probe.js";
import { solvePositive } from "#train/calibration/solve-linear.js";

const WIDTH = 7;

function randomStates(count: number): Float32Array[] {
  const rng = createRng("states");
  return Array.from({ length: count }, () =>
    // Of very different scales, and one that never varies.
    Float32Array.from({ length: WIDTH }, (_, i) => (i === 3 ? 2 : 10 ** (i - 3) * rng.normal() + i)),
  );
}

test("solves a linear system", () => {
  // numpy.linalg.solve([[4, 2], [2, 3]], [2, 5])
  const x = solvePositive(Float64Array.from([4, 2, 2, 3]), [2, 5]);
  expect(x[0]).toBeCloseTo(-0.5, 12);
  expect(x[1]).toBeCloseTo(2, 12);
});

test("the dual solution is the primal one", () => {
  const states = randomStates(40);
  const rng = createRng("targets");
  const targets = states.map((state) => 0.5 + 0.1 * state[2]! * 10 + 0.05 * rng.normal());
  const { probe, ridge } = fitPromptProbe(states, targets);

  const means = Array.from({ length: WIDTH }, (_, i) => average(states.map((state) => state[i]!)));
  const deviations = means.map((mean, i) =>
    Math.sqrt(average(states.map((state) => (state[i]! - mean) ** 2))),
  );
  const rows = states.map((state) =>
    [...state].map((value, i) => (deviations[i]! > 1e-6 ? (value - means[i]!) / deviations[i]! : 0)),
  );
  // (X'X + ridge width I) w = X'(y - mean)
  const matrix = new Float64Array(WIDTH * WIDTH);
  const right = Array.from({ length: WIDTH }, () => 0);
  const mean = average(targets);
  for (const [r, row] of rows.entries())
    for (let i = 0; i < WIDTH; i++) {
      right[i]! += row[i]! * (targets[r]! - mean);
      for (let j = 0; j < WIDTH; j++) matrix[i * WIDTH + j]! += row[i]! * row[j]!;
    }
  for (let i = 0; i < WIDTH; i++) matrix[i * WIDTH + i]! += ridge * WIDTH;
  const weights = solvePositive(matrix, right);
  for (const [r, row] of rows.entries()) {
    const expected = row.reduce((sum, value, i) => sum + value * weights[i]!, mean);
    expect(applyProbe(probe, states[r]!)).toBeCloseTo(expected, 4);
  }
});

test("finds what the states tell", () => {
  const states = randomStates(60);
  const targets = states.map((state) => (state[5]! > 5 ? 0.9 : 0.1));
  expect(spearman(fitPromptProbe(states, targets).outOfFold, targets)).toBeGreaterThan(0.7);
});

test("finds nothing out of fold where there is nothing, though it fits what it has seen", () => {
  const rng = createRng("noise");
  const correlations = Array.from({ length: 20 }, () => {
    const states = Array.from({ length: 40 }, () => Float32Array.from({ length: 200 }, () => rng.normal()));
    const targets = states.map(() => rng.next());
    return spearman(fitPromptProbe(states, targets).outOfFold, targets);
  });
  expect(Math.abs(average(correlations))).toBeLessThan(0.1);
});

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

import { expect, suite, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { AdamW } from "#train/optimizer.js";
import { accumulateGradient, type SwiftExample, trainSwiftHead } from "#train/swift/train-head.js";
import { describeWithShared, loadGolden } from "../../../shared-data.js";

function randomExample(width: number, tokenCount: number, correct: boolean, problem: number): SwiftExample {
  const rng = createRng(1, "example", problem, Number(correct));
  // What tells right from wrong stands in feature 0 of the last token; feature 1 is the problem's own.
  const states = Float32Array.from({ length: tokenCount * width }, (_, at) =>
    at % width === 1 ? problem : rng.normal(),
  );
  states[(tokenCount - 1) * width] = correct ? 8 : -8;
  return { states, tokenCount, correct, problem };
}

suite("accumulateGradient", () => {
  test("agrees with central differences in every weight", () => {
    const width = 5;
    const example = randomExample(width, 4, true, 0);
    const rng = createRng(2);
    const parameters = Float64Array.from({ length: 2 * width + 2 }, () => rng.normal());
    const gradient = new Float64Array(parameters.length);
    accumulateGradient(parameters, example, width, gradient, 1);
    for (let i = 0; i < parameters.length; i++) {
      const at = (shift: number): number => {
        const moved = parameters.slice();
        moved[i]! += shift;
        return accumulateGradient(moved, example, width, new Float64Array(parameters.length), 1);
      };
      expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
    }
  });
});

suite("trainSwiftHead", () => {
  const options = {
    width: 6,
    learningRate: 2e-2,
    weightDecay: 0,
    maxEpochs: 40,
    patience: 5,
    batchSize: 8,
    seed: 3,
  };

  test("refuses one problem, and one label", () => {
    const right = [0, 1, 2].map((problem) => randomExample(6, 4, true, problem));
    expect(() => trainSwiftHead(right.slice(0, 1), options)).toThrow(/at least two problems, got 1/);
    expect(() => trainSwiftHead(right, options)).toThrow(/right and wrong solutions/);
  });

  test("separates solutions whose states tell them apart, on raw states", () => {
    const examples = Array.from({ length: 60 }, (_, i) => randomExample(6, 4, i % 2 === 0, i >> 1));
    const { weights, validationLoss } = trainSwiftHead(examples, options);
    const reward = ({ states, tokenCount }: SwiftExample): number => {
      let [weighted, total] = [0, 0];
      for (let t = 0; t < tokenCount; t++) {
        let [g, r] = [weights.gateBias, weights.rewardBias];
        for (let i = 0; i < 6; i++) {
          g += weights.gate[i]! * states[t * 6 + i]!;
          r += weights.reward[i]! * states[t * 6 + i]!;
        }
        const gate = 1 / (1 + Math.exp(-g));
        weighted += gate * r;
        total += gate;
      }
      return weighted / total;
    };
    expect(validationLoss).toBeLessThan(0.3);
    const fresh = Array.from({ length: 20 }, (_, i) => randomExample(6, 4, i % 2 === 0, 100 + i));
    const right = fresh.filter((example) => reward(example) > 0 === example.correct).length;
    expect(right).toBeGreaterThanOrEqual(16);
  });
});

describeWithShared("against torch's SWIFT head", ["fixtures/swift/stories260k.json"], () => {
  const golden = loadGolden("swift", "stories260k.json");
  const name = "with_embedding_last_normed";
  const variant = (golden.json["variants"] as Record<string, Record<string, unknown>>)[name]!;
  const texts = golden.json["texts"] as { ids: number[]; solution_start: number }[];
  const labels = golden.json["labels"] as number[];
  const width = 6 * 64;
  const examples = texts.map(({ ids, solution_start: start }, i): SwiftExample => {
    const hidden = golden.array(`t${i}.hidden_states_hf`).data;
    const tokenCount = ids.length - start;
    const states = new Float32Array(tokenCount * width);
    for (let t = 0; t < tokenCount; t++) {
      for (let layer = 0; layer < 6; layer++) {
        const from = (layer * ids.length + start + t) * 64;
        states.set(hidden.subarray(from, from + 64), t * width + layer * 64);
      }
    }
    return { states, tokenCount, correct: labels[i] === 1, problem: i };
  });
  const initial = (): Float64Array =>
    Float64Array.from([
      ...golden.array(`${name}.w_g`).data,
      ...golden.array(`${name}.w_r`).data,
      variant["b_g"] as number,
      variant["b_r"] as number,
    ]);
  const gradientAt = (parameters: Float64Array): { gradient: Float64Array; loss: number } => {
    const gradient = new Float64Array(parameters.length);
    let loss = 0;
    for (const example of examples)
      loss += accumulateGradient(parameters, example, width, gradient, 1 / 4) / 4;
    return { gradient, loss };
  };

  test("loss and gradient agree", () => {
    const { gradient } = gradientAt(initial());
    const want = [...golden.array(`${name}.grad.w_g`).data, ...golden.array(`${name}.grad.w_r`).data];
    expect(gradient.slice(0, -2)).toBeAllclose(want, { atol: 1e-5 });
  });

  test("three AdamW steps agree", () => {
    const parameters = initial();
    const optimizer = new AdamW(parameters.length);
    for (let step = 0; step < 3; step++)
      optimizer.update(parameters, gradientAt(parameters).gradient, 1e-3, 0.01);
    const want = [...golden.array(`${name}.after3.w_g`).data, ...golden.array(`${name}.after3.w_r`).data];
    expect(parameters.slice(0, -2)).toBeAllclose(want, { atol: 1e-5 });
  });
});

import { describe, expect, suite, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { type ExampleSource, memorySource } from "#train/swift/example-source.js";
import { addGradient } from "#train/swift/head-epoch.js";
import { emptyRows, forward, type Rows } from "#train/swift/head-gradient.js";
import { HeadOptimizer, randomRows } from "#train/swift/head-parameters.js";
import { LOSS, LOSSES, type LossName } from "#train/swift/losses.js";
import { groupsOf } from "#train/swift/split.js";
import { swiftForward } from "#verifier/score/swift/head.js";
import { swiftRow } from "../../../fakes/swift-head.js";
import { describeWithShared, loadGolden } from "../../../shared-data.js";

const flat = ({ gate, reward }: Rows): Float64Array =>
  Float64Array.from([...(gate?.weights ?? []), ...reward.weights, ...(gate ? [gate.bias] : []), reward.bias]);

/** One number of the rows moved. */
function moved(rows: Rows, at: number, shift: number): Rows {
  const width = rows.reward.weights.length;
  const parts = rows.gate === undefined ? [rows.reward] : [rows.gate, rows.reward];
  const copies = parts.map(({ weights, bias }) => ({ weights: weights.slice(), bias }));
  const isBias = at >= parts.length * width;
  const row = copies[isBias ? at - parts.length * width : Math.floor(at / width)]!;
  if (isBias) row.bias += shift;
  else row.weights[at % width]! += shift;
  return { gate: rows.gate && copies[0]!, reward: copies.at(-1)! };
}

function gradientOf(source: ExampleSource, rows: Rows, name: LossName): { loss: number; gradient: Rows } {
  const gradient = emptyRows(source.width, rows.gate !== undefined);
  const groups = groupsOf(source.examples, LOSS[name]);
  return { loss: addGradient(source, rows, LOSS[name], groups, gradient), gradient };
}

/** Solutions of 1 to 9 tokens, so that loops over four tokens have every kind of rest. */
function randomSource(width: number): ExampleSource {
  const rng = createRng(9);
  const examples = Array.from({ length: 9 }, (_, i) => ({
    problem: Math.floor(i / 3),
    correct: i % 3 === 0 || i === 4,
    tokens: i + 1,
    states: Float32Array.from({ length: (i + 1) * width }, () => rng.normal()),
  }));
  return memorySource(examples, { width, scalars: 0 });
}

suite("the gradient of a head", () => {
  const cases = LOSSES.flatMap((name) => [true, false].map((gated) => [name, gated] as const));
  test.each(cases)("agrees with central differences in every number: %s, gated %s", (name, gated) => {
    const source = randomSource(5);
    const rows = randomRows(5, gated, createRng(2));
    const gradient = flat(gradientOf(source, rows, name).gradient);
    for (let i = 0; i < gradient.length; i++) {
      const at = (shift: number): number => gradientOf(source, moved(rows, i, shift), name).loss;
      expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 6);
    }
  });

  test("with closed gates is finite, and that of the clamped mean", () => {
    const rows = emptyRows(2, true);
    rows.gate!.bias = -25;
    rows.reward.bias = 3;
    const states = Float32Array.of(1, 2, -1, 0.5);
    const { reward, rewardSlopes, gateSlopes } = forward(rows, states, 2);
    // Two gates of e^-25 = 1.39e-11 over the floor of 1e-8.
    expect(reward).toBeCloseTo((2 * 3 * Math.exp(-25)) / 1e-8, 8);
    expect([...rewardSlopes, ...gateSlopes!].every(Number.isFinite)).toBe(true);
    const shift = (by: number): number => {
      rows.gate!.bias = -25 + by;
      return forward(rows, states, 2).reward;
    };
    const slope = gateSlopes!.reduce((sum, value) => sum + value, 0);
    expect(slope).toBeCloseTo((shift(1e-4) - shift(-1e-4)) / 2e-4, 8);
  });

  test("comes from the forward pass that serves", () => {
    const source = randomSource(5);
    const rows = randomRows(5, true, createRng(2));
    const head = {
      gate: swiftRow(rows.gate!.weights, rows.gate!.bias),
      reward: swiftRow(rows.reward.weights, rows.reward.bias),
      span: "response" as const,
    };
    const states = source.read(6);
    const dot = (weights: Float64Array, t: number): number =>
      weights.reduce((sum, weight, i) => sum + weight * states[t * 5 + i]!, 0);
    const projections = Array.from({ length: 7 }, (_, t) => [
      dot(rows.gate!.weights, t),
      dot(rows.reward.weights, t),
    ]).flat();
    expect(forward(rows, states, 7).reward).toBeCloseTo(swiftForward(head, projections), 12);
  });
});

// Three tokens of four numbers, hand-worked in float64 (facts: SWIFT test vectors).
describe("the hand-worked example", () => {
  const states = Float32Array.of(0.5, -1, 0.25, 2, 1.5, 0, -0.5, 1, -0.5, 1, 0.75, -1.5);
  const rows: Rows = {
    gate: { weights: Float64Array.of(0.2, -0.1, 0.4, 0.3), bias: 0.1 },
    reward: { weights: Float64Array.of(-0.3, 0.5, 0.1, 0.6), bias: -0.2 },
  };
  const of = (correct: boolean) =>
    gradientOf(
      memorySource([{ problem: 0, correct, tokens: 3, states }], { width: 4, scalars: 0 }),
      rows,
      "bce",
    );

  test("R, with and without its gate", () => {
    expect(forward(rows, states, 3).reward).toBeCloseTo(0.0266377037, 9);
    expect(forward({ ...rows, gate: undefined }, states, 3).reward).toBeCloseTo(-0.0333333333, 9);
  });

  test("loss and gradient for a right solution", () => {
    const { loss, gradient } = of(true);
    expect(loss).toBeCloseTo(0.679917022, 8);
    const gate = [-0.01075007, 0.04608841, 0.0116053, -0.07036801];
    const reward = [-0.29751976, 0.08075785, -0.05505379, -0.3932319];
    expect(flat(gradient)).toBeAllclose([...gate, ...reward, 0.01655858, -0.49334097], { atol: 1e-8 });
  });

  test("loss and gradient for a wrong solution", () => {
    const { loss, gradient } = of(false);
    expect(loss).toBeCloseTo(0.7065547257, 9);
    expect([gradient.gate!.bias, gradient.reward.bias]).toBeAllclose([-0.01700559, 0.50665903], {
      atol: 1e-8,
    });
  });
});

describeWithShared("against torch's SWIFT head", ["fixtures/swift/stories260k.json"], () => {
  const golden = loadGolden("swift", "stories260k.json");
  const variants = golden.json["variants"] as Record<string, Record<string, unknown>>;
  const texts = golden.json["texts"] as { ids: number[]; solution_start: number }[];
  const labels = golden.json["labels"] as number[];

  /** Solution tokens of the four texts, [tokens, layers * 64], as the variant reads them. */
  function sourceFor(name: string): ExampleSource {
    const layers = name.startsWith("with_embedding") ? [0, 1, 2, 3, 4, 5] : [1, 2, 3, 4, 5];
    const width = 64 * layers.length;
    const examples = texts.map(({ ids, solution_start: start }, i) => {
      const hidden = golden.array(`t${i}.hidden_states_hf`).data;
      const last = golden.array(`t${i}.last_layer_before_final_norm`).data;
      const tokens = ids.length - start;
      const states = new Float32Array(tokens * width);
      for (let t = 0; t < tokens; t++)
        for (const [place, layer] of layers.entries()) {
          const isRaw = layer === 5 && name.endsWith("last_raw");
          const from = 64 * ((isRaw ? 0 : layer * ids.length) + start + t);
          states.set((isRaw ? last : hidden).subarray(from, from + 64), t * width + place * 64);
        }
      return { problem: i, correct: labels[i] === 1, tokens, states };
    });
    return memorySource(examples, { width, scalars: 0 });
  }

  const rowsOf = (name: string): Rows => ({
    gate: {
      weights: Float64Array.from(golden.array(`${name}.w_g`).data),
      bias: variants[name]!["b_g"] as number,
    },
    reward: {
      weights: Float64Array.from(golden.array(`${name}.w_r`).data),
      bias: variants[name]!["b_r"] as number,
    },
  });

  describe.each(Object.keys(variants))("%s", (name) => {
    const variant = variants[name]!;
    const wanted = (part: string, gateBias: string, rewardBias: string): number[] => [
      ...golden.array(`${name}.${part}.w_g`).data,
      ...golden.array(`${name}.${part}.w_r`).data,
      variant[gateBias] as number,
      variant[rewardBias] as number,
    ];

    test("scores, loss and gradient agree", () => {
      const source = sourceFor(name);
      const [scores] = variant["scores_before_and_after_steps_1_2_3"] as number[][];
      const [loss] = variant["loss_before_and_after_steps_1_2_3"] as number[];
      const rows = rowsOf(name);
      const got = source.examples.map(({ tokens }, i) => forward(rows, source.read(i), tokens).reward);
      expect(got).toBeAllclose(scores!, { atol: 1e-6 });
      const result = gradientOf(source, rows, "bce");
      expect(result.loss).toBeCloseTo(loss!, 6);
      expect(flat(result.gradient)).toBeAllclose(wanted("grad", "grad_b_g", "grad_b_r"), { atol: 1e-6 });
    });

    test("three AdamW steps agree, biases decayed too", () => {
      const source = sourceFor(name);
      const rows = rowsOf(name);
      const optimizer = new HeadOptimizer();
      const losses = variant["loss_before_and_after_steps_1_2_3"] as number[];
      for (let step = 0; step < 3; step++) {
        const { loss, gradient } = gradientOf(source, rows, "bce");
        expect(loss).toBeCloseTo(losses[step]!, 6);
        optimizer.update(rows, gradient, 1e-3, 0.01);
      }
      expect(flat(rows)).toBeAllclose(wanted("after3", "b_g_after3", "b_r_after3"), { atol: 1e-6 });
    });
  });
});

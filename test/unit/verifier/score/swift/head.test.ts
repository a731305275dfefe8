import { expect, test } from "vitest";
import {
  addTokens,
  EMPTY_SUMS,
  scalarsOf,
  swiftForward,
  swiftReward,
  type SwiftWeights,
} from "#verifier/score/swift/head.js";
import { sigmoid } from "#verifier/score/probability.js";
import { swiftRow } from "../../../../fakes/swift-head.js";
import { describeWithShared, loadGolden } from "../../../../shared-data.js";

// Three tokens of four numbers, hand-worked in float64 (facts: SWIFT test vectors).
const H = [
  [0.5, -1, 0.25, 2],
  [1.5, 0, -0.5, 1],
  [-0.5, 1, 0.75, -1.5],
];
const GATE = [0.2, -0.1, 0.4, 0.3];
const REWARD = [-0.3, 0.5, 0.1, 0.6];
const head: SwiftWeights = { gate: swiftRow(GATE, 0.1), reward: swiftRow(REWARD, -0.2), span: "response" };

function project(
  states: readonly ArrayLike<number>[],
  gate: ArrayLike<number>,
  reward: ArrayLike<number>,
): number[] {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
  return states.flatMap((h) => [dot(h, gate), dot(h, reward)]);
}

test("equals the hand-worked example, for every prefix", () => {
  const raw = project(H, GATE, REWARD);
  expect(swiftForward(head, raw.slice(0, 2))).toBeCloseTo(0.375, 10);
  expect(swiftForward(head, raw.slice(0, 4))).toBeCloseTo(0.1565557665, 9);
  expect(swiftForward(head, raw)).toBeCloseTo(0.0266377037, 9);
  expect(sigmoid(swiftForward(head, raw))).toBeCloseTo(0.5066590322, 9);
});

test("a path's sums are its parent's sums and its own: chunked equals whole", () => {
  const raw = project(H, GATE, REWARD);
  const chunked = addTokens(addTokens(EMPTY_SUMS, head, raw.slice(0, 4)), head, raw.slice(4));
  expect(swiftReward(chunked)).toBeCloseTo(swiftForward(head, raw), 12);
});

test("closed gates give a finite reward near 0, and so does an empty path", () => {
  const zeros = [0, 0, 0, 0];
  const unbiased = { ...head, gate: swiftRow(zeros, 0), reward: swiftRow(zeros, 0) };
  const closed = swiftForward(unbiased, [-100, 3, -100, -2]);
  expect(Math.abs(closed)).toBeLessThan(1e-30);
  expect(swiftForward(head, [])).toBe(0);
});

test("without a gate it is the plain mean of the rewards", () => {
  const raw = project(H, GATE, REWARD).filter((_, i) => i % 2 === 1);
  const ungated = { ...head, gate: undefined };
  expect(swiftForward(ungated, raw)).toBeCloseTo(-0.0333333, 6);
  expect(swiftForward(ungated, [])).toBe(0);
});

test("the span of the reference leaves out the first token of a text, and of no later step", () => {
  const raw = project(H, GATE, REWARD);
  const without = { ...head, span: "without_first" } as const;
  expect(swiftForward(without, raw)).toBeCloseTo(swiftForward(head, raw.slice(2)), 12);
  const steps = addTokens(addTokens(EMPTY_SUMS, without, raw.slice(0, 2)), without, raw.slice(2));
  expect(swiftReward(steps)).toBeCloseTo(swiftForward(without, raw), 12);
  expect(swiftForward(without, raw.slice(0, 2))).toBe(0);
});

test("scalars are a token's log-prob, the entropy before it and the one after it, and weigh as numbers of h_t do", () => {
  const scalars = scalarsOf([-1, -2], [0.5, 0.25], 0.125);
  expect([...scalars]).toEqual([-1, 0.5, 0.25, -2, 0.25, 0.125]);
  const extended = {
    gate: swiftRow(GATE, 0.1, [1, 2, 3]),
    reward: swiftRow(REWARD, -0.2, [-1, 0.5, 4]),
    span: "response",
  } as const;
  const raw = project(H.slice(0, 2), GATE, REWARD);
  const wide = project(
    H.slice(0, 2).map((h, t) => [...h, ...scalars.subarray(3 * t, 3 * t + 3)]),
    [...GATE, 1, 2, 3],
    [...REWARD, -1, 0.5, 4],
  );
  expect(swiftForward(extended, raw, scalars)).toBeCloseTo(swiftForward(head, wide), 10);
});

describeWithShared("against the reference implementation", ["fixtures/swift"], () => {
  const golden = loadGolden("swift", "stories260k.json");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fixture's own shape
  const texts = golden.json["texts"] as { ids: number[]; solution_start: number }[];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fixture's own shape
  const variants = golden.json["variants"] as Record<
    string,
    {
      b_g: number;
      b_r: number;
      text0: { score: number; score_over_all_tokens: number };
      text1: { score: number };
    }
  >;

  test.each(Object.keys(variants))("%s: scores of both texts", (name) => {
    const variant = variants[name]!;
    const gate = golden.array(`${name}.w_g`).data;
    const reward = golden.array(`${name}.w_r`).data;
    const scores = [0, 1].map((index) => {
      const { ids, solution_start } = texts[index]!;
      const states = golden.array(`t${index}.hidden_states_hf`).data;
      const raw = golden.array(`t${index}.last_layer_before_final_norm`).data;
      const tokens = ids.map((_id, t) => {
        const parts = Array.from({ length: 6 }, (_, layer) => {
          const from =
            name.endsWith("last_raw") && layer === 5
              ? raw.subarray(t * 64)
              : states.subarray((layer * ids.length + t) * 64);
          return [...from.subarray(0, 64)];
        });
        return (name.startsWith("layers_only") ? parts.slice(1) : parts).flat();
      });
      const projections = project(tokens, gate, reward);
      const rows = { gate: swiftRow(gate, variant.b_g), reward: swiftRow(reward, variant.b_r) };
      const weights: SwiftWeights = { ...rows, span: "response" };
      return [
        swiftForward(weights, projections.slice(2 * solution_start)),
        swiftForward(weights, projections),
      ];
    });
    expect(scores[0]!).toBeAllclose([variant.text0.score, variant.text0.score_over_all_tokens], {
      atol: 1e-5,
    });
    expect(scores[1]![0]).toBeCloseTo(variant.text1.score, 5);
  });
});

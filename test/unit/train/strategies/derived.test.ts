import { expect, test } from "vitest";
import { toArm } from "#train/strategies/arm.js";
import { deriveArms } from "#train/strategies/derived.js";
import { reliabilityOf } from "#train/strategies/reliability.js";
import { candidate, solve } from "../../../fakes/solve-records.js";

const spent = { generatedTokens: 40, flops: 400, wallMs: 4 };
const candidates = [
  candidate({ answer: "3", meanLogProb: -0.9, correct: true }),
  candidate({ answer: "4", meanLogProb: -0.2 }),
  candidate({ answer: "", meanLogProb: -0.1 }),
];
const majority = [
  toArm("majority", "majority@4", [
    solve({ arm: "majority@4", id: "a", spent, candidates }),
    solve({ arm: "majority@4", id: "b", spent, candidates: [] }),
  ]),
];

test("log-prob takes the likeliest candidate that has an answer, at majority's cost", () => {
  const [arm] = deriveArms("log-prob", majority);
  expect(arm).toMatchObject({ strategy: "log-prob", name: "log-prob@4", cost: majority[0]!.cost });
  expect(arm!.solves.map(({ answer, correct }) => [answer, correct])).toEqual([
    ["4", false],
    ["", false],
  ]);
});

test("oracle is right where any candidate is", () => {
  const [arm] = deriveArms("oracle", majority);
  expect(arm!.solves.map(({ arm: name, answer, correct }) => [name, answer, correct])).toEqual([
    ["oracle@4", "3", true],
    ["oracle@4", "", false],
  ]);
  expect([...arm!.accuracy]).toEqual([
    ["a", 1],
    ["b", 0],
  ]);
});

test("reliability compares confidence with accuracy, bin by bin", () => {
  const arm = toArm("bon", "bon@1", [
    solve({ id: "a", confidence: 0.91, correct: true }),
    solve({ id: "b", confidence: 0.97, correct: false }),
    solve({ id: "c", confidence: 0.2, correct: false }),
    solve({ id: "d", confidence: 1, correct: true }),
  ]);
  const found = reliabilityOf("bon", [arm]);
  expect(found.solves).toBe(4);
  expect(found.bins.map(({ count }) => count)).toEqual([1, 3]);
  expect(found.bins[1]!.predicted).toBeCloseTo(0.96, 12);
  expect(found.bins[1]!.observed).toBeCloseTo(2 / 3, 12);
  // (1 * 0.2 + 3 * |0.96 - 2/3|) / 4
  expect(found.ece).toBeCloseTo((0.2 + 3 * (0.96 - 2 / 3)) / 4, 12);
  // (0.09^2 + 0.97^2 + 0.2^2 + 0) / 4
  expect(found.brier).toBeCloseTo((0.0081 + 0.9409 + 0.04) / 4, 12);
});

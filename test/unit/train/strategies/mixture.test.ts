import { describe, expect, test } from "vitest";
import { budgetsOf } from "#train/strategies/budgets.js";
import { accuracyOf, mixtureAt, weightedQuantile } from "#train/strategies/mixture.js";
import { armOf } from "../../../fakes/solve-records.js";

const cheap = armOf("bon@1", 100, [true, false]);
const dear = armOf("bon@2", 200, [true, true]);
const dearest = armOf("bon@4", 400, [true, true]);

describe("mixtureAt()", () => {
  test("has nothing to offer below the cheapest arm", () => {
    expect(mixtureAt([cheap, dear], "tokens", 99)).toBeUndefined();
    expect(mixtureAt([], "tokens", 99)).toBeUndefined();
  });

  test("never goes beyond the largest arm, and says that the budget is not spent", () => {
    const mixture = mixtureAt([cheap, dear], "tokens", 201)!;
    expect(mixture).toEqual({ parts: [{ arm: dear, share: 1 }], spendsBudget: false });
  });

  test("is one arm where that costs the budget", () => {
    for (const [arm, budget] of [
      [cheap, 100],
      [dear, 200],
    ] as const)
      expect(mixtureAt([cheap, dear], "tokens", budget)).toEqual({
        parts: [{ arm, share: 1 }],
        spendsBudget: true,
      });
  });

  test("tosses a coin between the neighbours, so that the mean cost is the budget", () => {
    // 0.25 * 400 + 0.75 * 200 = 250
    const mixture = mixtureAt([dearest, cheap, dear], "tokens", 250)!;
    expect(mixture.parts).toEqual([
      { arm: dear, share: 0.75 },
      { arm: dearest, share: 0.25 },
    ]);
    expect(accuracyOf(mixtureAt([cheap, dear], "tokens", 130)!, "p1")).toBeCloseTo(0.3, 12);
    for (const budget of [101, 133, 199, 201, 399]) {
      const { parts } = mixtureAt([cheap, dear, dearest], "tokens", budget)!;
      expect(parts.reduce((sum, { arm, share }) => sum + share * arm.cost.tokens, 0)).toBeCloseTo(budget, 9);
    }
  });
});

test("weighted quantiles are values, the smallest that reaches the share", () => {
  const values = [
    { value: 30, weight: 0.2 },
    { value: 10, weight: 0.5 },
    { value: 20, weight: 0.3 },
  ];
  expect(weightedQuantile(values, 0.5)).toBe(10);
  expect(weightedQuantile(values, 0.51)).toBe(20);
  expect(weightedQuantile(values, 0.8)).toBe(20);
  expect(weightedQuantile(values, 0.95)).toBe(30);
});

test("budgets of FLOPs and seconds are what majority pays for the tokens", () => {
  const majority = [armOf("majority@1", 100, [true]), armOf("majority@2", 200, [true])];
  const priced = majority.map((arm, i) => ({ ...arm, cost: { ...arm.cost, flops: [500, 2000][i]! } }));
  // Below the first at its rate, between both on the line, beyond the last at its rate.
  expect(budgetsOf(priced, [50, 150, 400]).flops).toEqual([250, 1250, 4000]);
  expect(budgetsOf(priced, [50, 125, 400]).seconds).toEqual([0.05, 0.125, 0.4]);
});

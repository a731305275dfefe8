import { expect, test } from "vitest";
import { differencesOf } from "#train/strategies/differences.js";
import { rowsOf } from "#train/strategies/rows.js";
import { armOf } from "../../../fakes/solve-records.js";

const budgets = { tokens: [150], flops: [1500], seconds: [0.15] };
const right = (...hits: number[]): boolean[] => hits.map((hit) => hit === 1);

const ladders = new Map([
  ["majority", [armOf("majority@1", 100, right(1, 0, 1, 0)), armOf("majority@2", 200, right(1, 0, 0, 0))]],
  ["auto", [armOf("auto@256", 120, right(1, 1, 0, 0)), armOf("auto@512", 160, right(1, 1, 1, 0))]],
  ["beam", [armOf("beam@4", 151, right(1, 1, 1, 1))]],
  ["greedy", [armOf("greedy@1", 90, right(1, 0, 0, 0))]],
]);

test("a row mixes accuracy, costs and waiting times", () => {
  const row = rowsOf(ladders, budgets, []).find(
    ({ strategy, unit }) => strategy === "auto" && unit === "tokens",
  )!;
  // 120 + 0.75 * 40 = 150; accuracy 0.25 * 2/4 + 0.75 * 3/4
  expect(row).toMatchObject({ n: 4, level: null, arms: ["auto@256", "auto@512"], spends_budget: true });
  expect(row.second_share).toBeCloseTo(0.75, 12);
  expect(row.accuracy).toBeCloseTo(0.6875, 12);
  expect(row.generated_tokens).toBeCloseTo(150, 9);
  expect(row.flops).toBeCloseTo(1500, 9);
  expect([row.wall_ms_p50, row.wall_ms_p95]).toEqual([160, 160]);
  expect(row.ci_low).toBeLessThanOrEqual(row.accuracy);
  expect(row.ci_high).toBeGreaterThanOrEqual(row.accuracy);
});

test("a level's row has its problems and the shares of all", () => {
  const rows = rowsOf(ladders, budgets, [1, 2]).filter(
    ({ strategy, unit, level }) => strategy === "auto" && unit === "tokens" && level !== null,
  );
  // Level 1 is problems 0 and 2, level 2 the others.
  expect(rows.map(({ level, n, accuracy }) => [level, n, accuracy])).toEqual([
    [1, 2, 0.875],
    [2, 2, 0.5],
  ]);
  for (const row of rows) expect(row.second_share).toBeCloseTo(0.75, 12);
});

test("a strategy that cannot be had so cheaply has no row, one that cannot spend it says so", () => {
  const rows = rowsOf(ladders, budgets, [1, 2]);
  expect(rows.filter(({ strategy }) => strategy === "beam")).toEqual([]);
  expect(rows.filter(({ strategy }) => strategy === "greedy").map((row) => row.spends_budget)).toEqual(
    Array.from({ length: 9 }, () => false),
  );
});

test("differences pair problems: AUTO against all, all against majority, where both have rows", () => {
  const found = differencesOf(ladders, budgets).filter(({ unit }) => unit === "tokens");
  expect(found.map(({ strategy, against }) => `${strategy}-${against}`)).toEqual([
    "auto-majority",
    "auto-greedy",
    "greedy-majority",
  ]);
  // auto: 1, 1, 0.75, 0; majority: 1, 0, 0.5, 0
  expect(found[0]!.difference.estimate).toBeCloseTo((1 + 0.25) / 4, 12);
  expect(found[0]!.difference.low).toBeGreaterThanOrEqual(0);
  // auto is nowhere below greedy, so no resample is.
  expect(found[1]!.difference.low).toBeGreaterThanOrEqual(0);
});

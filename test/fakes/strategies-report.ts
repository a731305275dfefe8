/** A report as `bench` would write it, with numbers of the shape that searches show: gains that flatten with cost. */
import {
  type ArmPoint,
  type Difference,
  type ReportRow,
  type StrategiesReport,
  UNITS,
} from "#train/strategies/report/report.js";

/** Accuracy at one sample, at infinitely many, and how the first token budget scales for each strategy. */
const CURVES: Readonly<Record<string, readonly [first: number, last: number, price: number]>> = {
  auto: [0.44, 0.71, 1],
  majority: [0.41, 0.62, 0.9],
  "best-of-n": [0.42, 0.65, 1],
  "weighted-best-of-n": [0.42, 0.67, 1],
  beam: [0.45, 0.66, 1.3],
  dvts: [0.43, 0.68, 1.4],
  lookahead: [0.42, 0.6, 2.4],
  particles: [0.43, 0.66, 1.2],
  swift: [0.41, 0.645, 0.85],
  oracle: [0.46, 0.84, 0.9],
};
const SIZES = [1, 2, 4, 8, 16, 32];
const LEVELS = [1, 2, 3, 4, 5];

const accuracyAt = ([first, last]: readonly [number, number, number], size: number): number =>
  last - (last - first) * size ** -0.55;

const interval = (estimate: number) => ({ estimate, low: estimate - 0.038, high: estimate + 0.036 });

function pointOf(strategy: string, size: number): ArmPoint {
  const curve = CURVES[strategy]!;
  const tokens = 310 * size * curve[2];
  const single = strategy === "majority" || strategy === "oracle";
  const accuracy = accuracyAt(curve, size);
  return {
    strategy,
    arm: strategy === "auto" ? `auto@${512 * size}` : `${strategy}@${size}`,
    accuracy: interval(accuracy),
    accuracyByLevel: LEVELS.map((level) => Math.min(0.99, Math.max(0.01, accuracy + (3 - level) * 0.16))),
    cost: { tokens, flops: tokens * (single ? 1e9 : 1.6e9), seconds: 0.4 + tokens / (single ? 900 : 640) },
    tokens: {
      kept: tokens * (single ? 0.98 : 0.3),
      pruned: single ? 0 : tokens * 0.33,
      cancelled: tokens * 0.02,
      verifier: single ? 0 : tokens * 0.35,
    },
  };
}

function rowOf(point: ArmPoint, unit: ReportRow["unit"], budget: number, level: number | null): ReportRow {
  const { estimate, low, high } = point.accuracy;
  return {
    strategy: point.strategy,
    budget,
    unit,
    level,
    n: level === null ? 500 : 100,
    accuracy: estimate,
    ci_low: low,
    ci_high: high,
    generated_tokens: point.cost.tokens - point.tokens.verifier,
    verifier_tokens: point.tokens.verifier,
    flops: point.cost.flops,
    wall_ms_p50: point.cost.seconds * 900,
    wall_ms_p95: point.cost.seconds * 2100,
    arms: [point.arm, `${point.strategy}@next`],
    second_share: 0.28,
    spends_budget: point.strategy !== "swift",
  };
}

const differenceOf = (row: ReportRow, auto: ReportRow): Difference => {
  const estimate = auto.accuracy - row.accuracy;
  return {
    strategy: "auto",
    against: row.strategy,
    budget: row.budget,
    unit: row.unit,
    difference: { estimate, low: estimate - 0.021, high: estimate + 0.02 },
  };
};

const binsOf = (index: number): StrategiesReport["reliability"][number]["bins"] =>
  Array.from({ length: 10 }, (_, i) => ({
    predicted: (i + 0.5) / 10,
    observed: Math.max(0, (i + 0.5) / 10 - 0.02 * index + 0.03 * Math.sin(i)),
    count: 60 + 70 * i,
  })).slice(index % 3);

const reliabilityOf = (strategy: string, index: number): StrategiesReport["reliability"][number] => ({
  strategy,
  solves: 3000,
  ece: 0.04 + index * 0.012,
  brier: 0.17 + index * 0.006,
  bins: binsOf(index),
});

/** Every strategy of `strategies` must have a curve; `overrides` come last. */
export function fakeReport(
  overrides: Partial<StrategiesReport> = {},
  strategies: readonly string[] = Object.keys(CURVES),
): StrategiesReport {
  const points = strategies.flatMap((strategy) => SIZES.map((size) => pointOf(strategy, size)));
  const budgets = { tokens: [1000, 4000, 8000], flops: [1e12, 4e12, 8e12], seconds: [1.5, 4.9, 9.3] };
  const rows = UNITS.flatMap((unit) =>
    budgets[unit].flatMap((budget, i) =>
      points
        .filter(
          (point) =>
            point.arm.endsWith(`@${[2, 8, 16][i]!}`) || point.arm === `auto@${[1024, 4096, 8192][i]!}`,
        )
        .map((point) => rowOf(point, unit, budget, null)),
    ),
  );
  const autos = rows.filter(({ strategy }) => strategy === "auto");
  const differences = autos.flatMap((auto) =>
    rows
      .filter((row) => row.strategy !== "auto" && row.unit === auto.unit && row.budget === auto.budget)
      .map((row) => differenceOf(row, auto)),
  );
  return {
    command:
      "deliberate bench --problems math500.jsonl --strategies auto,majority,beam --budgets 1k,4k,8k --out out",
    policy: "qwen2.5-0.5b-instruct-int8",
    verifier: "math-shepherd-prm",
    calibration: "9f86d081884c7d65",
    problems: 500,
    seeds: [1, 2, 3],
    temperature: 0.8,
    machine: "2 cores, Node 20",
    date: "2026-03-01T12:00:00Z",
    levels: LEVELS,
    budgets,
    strategies,
    bounds: strategies.filter((each) => each === "oracle"),
    rows: [
      ...rows,
      ...points.slice(0, 1).flatMap((point) => LEVELS.map((level) => rowOf(point, "tokens", 1000, level))),
    ],
    points,
    differences,
    reliability: strategies.filter((each) => each !== "oracle").map(reliabilityOf),
    difficulty: [
      {
        name: "verifier's first scores",
        rankCorrelation: { estimate: 0.61, low: 0.55, high: 0.67 },
        brier: 0.121,
        ece: 0.034,
        bins: binsOf(0),
      },
      {
        name: "share of agreeing samples",
        rankCorrelation: { estimate: 0.74, low: 0.69, high: 0.78 },
        brier: null,
        ece: null,
        bins: [],
      },
    ],
    ...overrides,
  };
}

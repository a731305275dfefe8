/** From what was measured to the report. Pure: the same solves give the same report. */
import { createRng } from "#shared/rng.js";
import { bootstrap, mean } from "#shared/stats.js";
import { type Arm, toArm } from "./arm.js";
import { BOUNDS, DERIVED } from "./derived.js";
import { differencesOf } from "./differences.js";
import { difficultyOf } from "./difficulty.js";
import { reliabilityOf } from "./reliability.js";
import type { ArmPoint, StrategiesReport } from "./report/report.js";
import { type Budgets, type Ladders, rowsOf } from "./rows.js";

/** What the solves do not tell. */
export type ReportFrame = Omit<
  StrategiesReport,
  | "levels"
  | "budgets"
  | "strategies"
  | "bounds"
  | "rows"
  | "points"
  | "differences"
  | "reliability"
  | "difficulty"
>;

export function buildReport(frame: ReportFrame, ladders: Ladders, budgets: Budgets): StrategiesReport {
  const levels = levelsOf(ladders);
  const strategies = [...ladders.keys()];
  return {
    ...frame,
    levels,
    budgets,
    strategies,
    bounds: strategies.filter((name) => BOUNDS.includes(name)),
    rows: rowsOf(ladders, budgets, levels),
    points: [...ladders.values()].flatMap((arms) => arms.map((arm) => toPoint(arm, levels))),
    differences: differencesOf(ladders, budgets),
    // Of the derived ones the confidence is that of another choice.
    reliability: strategies
      .filter((name) => !DERIVED.includes(name))
      .map((name) => reliabilityOf(name, ladders.get(name)!)),
    difficulty: difficultyOf(ladders),
  };
}

function levelsOf(ladders: Ladders): number[] {
  const solves = [...ladders.values()].flatMap((arms) => arms.flatMap((arm) => arm.solves));
  return [...new Set(solves.flatMap(({ level }) => level ?? []))].toSorted((a, b) => a - b);
}

function toPoint(arm: Arm, levels: readonly number[]): ArmPoint {
  const { strategy, name, cost, solves } = arm;
  const tokens = (kind: "keptTokens" | "prunedTokens" | "cancelledTokens" | "verifierTokens"): number =>
    mean(solves.map(({ spent }) => spent[kind]));
  const accuracyAt = (level: number): number => {
    const own = solves.filter((solve) => solve.level === level);
    return mean([...toArm(strategy, name, own).accuracy.values()]);
  };
  return {
    strategy,
    arm: name,
    accuracy: bootstrap([...arm.accuracy.values()], mean, createRng("bench rows", "all")),
    accuracyByLevel: levels.map(accuracyAt),
    cost,
    tokens: {
      kept: tokens("keptTokens"),
      pruned: tokens("prunedTokens"),
      cancelled: tokens("cancelledTokens"),
      verifier: tokens("verifierTokens"),
    },
  };
}

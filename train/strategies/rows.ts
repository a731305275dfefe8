/** The report's rows: every strategy at every budget, over all problems and level by level. */
import { createRng } from "#shared/rng.js";
import { bootstrap, mean } from "#shared/stats.js";
import { type Arm, toArm } from "./arm.js";
import { accuracyOf, type Mixture, mixtureAt, type Weighted, weightedQuantile } from "./mixture.js";
import { type ReportRow, type Unit, UNITS } from "./report/report.js";
import type { SolveRecord } from "./solve-record.js";

export type Budgets = Readonly<Record<Unit, readonly number[]>>;
/** Of each strategy, in the order of the report. */
export type Ladders = ReadonlyMap<string, readonly Arm[]>;

export function rowsOf(ladders: Ladders, budgets: Budgets, levels: readonly number[]): ReportRow[] {
  const rows: ReportRow[] = [];
  for (const [strategy, arms] of ladders)
    for (const unit of UNITS)
      for (const budget of budgets[unit]) {
        const mixture = mixtureAt(arms, unit, budget);
        if (mixture === undefined) continue;
        for (const level of [null, ...levels]) rows.push(toRow({ strategy, unit, budget, level }, mixture));
      }
  return rows;
}

function toRow(place: Pick<ReportRow, "strategy" | "unit" | "budget" | "level">, whole: Mixture): ReportRow {
  const { strategy, budget, unit, level } = place;
  // The shares are those of all problems: a level costs what it costs.
  const mixture = level === null ? whole : ofLevel(whole, level);
  const problems = [...mixture.parts[0]!.arm.accuracy.keys()].map((id) => accuracyOf(mixture, id));
  // One stream for all strategies, so that their intervals come from the same problems.
  const interval = bootstrap(problems, mean, createRng("bench rows", level ?? "all"));
  const walls = weightsOf(mixture, ({ spent }) => spent.wallMs);
  const [first, second] = mixture.parts;
  return {
    strategy,
    budget,
    unit,
    level,
    n: problems.length,
    accuracy: interval.estimate,
    ci_low: interval.low,
    ci_high: interval.high,
    generated_tokens: meanOf(mixture, ({ spent }) => spent.generatedTokens),
    verifier_tokens: meanOf(mixture, ({ spent }) => spent.verifierTokens),
    flops: meanOf(mixture, ({ spent }) => spent.flops),
    wall_ms_p50: weightedQuantile(walls, 0.5),
    wall_ms_p95: weightedQuantile(walls, 0.95),
    arms: mixture.parts.map(({ arm }) => arm.name),
    second_share: second === undefined ? 0 : 1 - first!.share,
    spends_budget: mixture.spendsBudget,
  };
}

function ofLevel({ parts, spendsBudget }: Mixture, level: number): Mixture {
  const only = ({ strategy, name, solves }: Arm): Arm =>
    toArm(
      strategy,
      name,
      solves.filter((solve) => solve.level === level),
    );
  return { parts: parts.map(({ arm, share }) => ({ arm: only(arm), share })), spendsBudget };
}

function meanOf({ parts }: Mixture, value: (solve: SolveRecord) => number): number {
  return parts.reduce((sum, { arm, share }) => sum + share * mean(arm.solves.map(value)), 0);
}

function weightsOf({ parts }: Mixture, value: (solve: SolveRecord) => number): Weighted[] {
  return parts.flatMap(({ arm, share }) =>
    arm.solves.map((solve) => ({ value: value(solve), weight: share / arm.solves.length })),
  );
}

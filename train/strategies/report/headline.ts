/** The one sentence that says what was found. */
import { cost, listed, percent, UNIT_NAMES } from "./formats.js";
import { AUTO } from "./look.js";
import { BACKBONE, type ReportRow, type StrategiesReport, UNITS } from "./report.js";

/** Rows over all levels, by budget, ascending. */
export function rowsByBudget(rows: readonly ReportRow[], unit: ReportRow["unit"]): [number, ReportRow[]][] {
  const budgets = new Map<number, ReportRow[]>();
  for (const row of rows) {
    if (row.level !== null || row.unit !== unit) continue;
    budgets.set(row.budget, [...(budgets.get(row.budget) ?? []), row]);
  }
  return [...budgets].toSorted(([a], [b]) => a - b);
}

/** The most accurate of one budget, several when they tie; bounds and other policies do not compete. */
export function bestOf(rows: readonly ReportRow[], bounds: readonly string[]): ReportRow[] {
  const competing = rows.filter(({ strategy }) => strategy !== BACKBONE && !bounds.includes(strategy));
  const top = Math.max(...competing.map(({ accuracy }) => accuracy));
  return competing.filter(({ accuracy }) => accuracy === top);
}

interface AtBudget {
  readonly name: string;
  readonly best: readonly ReportRow[];
  readonly rows: readonly ReportRow[];
}

const hasAuto = (rows: readonly ReportRow[]): boolean => rows.some(({ strategy }) => strategy === AUTO);

/** What is ahead of AUTO by more than chance, at the budgets that both have a row for. */
function aheadOfAuto(
  budgets: readonly AtBudget[],
  { differences, bounds }: StrategiesReport,
  unit: ReportRow["unit"],
): string {
  if (budgets.filter(({ rows }) => hasAuto(rows)).every(({ best }) => hasAuto(best))) return "";
  const ahead = new Map<string, string[]>();
  for (const { strategy, against, budget, unit: of, difference } of differences) {
    const competes = strategy === AUTO && against !== BACKBONE && !bounds.includes(against);
    if (!competes || of !== unit || difference.high >= 0) continue;
    ahead.set(against, [...(ahead.get(against) ?? []), cost(unit, budget)]);
  }
  if (ahead.size === 0) return "; nothing is ahead of AUTO beyond the paired 95 % interval";
  const names = [...ahead].map(([name, places]) => `${name} at ${listed(places)}`);
  return `; ahead of AUTO beyond the paired 95 % interval: ${names.join(", ")}`;
}

/** Whoever reads no further should know that another model would have done better. */
function backboneWins(budgets: readonly AtBudget[]): string {
  const won = budgets.flatMap(({ name, best, rows }) => {
    const other = rows.find(({ strategy }) => strategy === BACKBONE);
    return other !== undefined && other.accuracy > best[0]!.accuracy
      ? [`${name} (${percent(other.accuracy)})`]
      : [];
  });
  if (won.length === 0) return "";
  return ` The verifier's own language model as the policy (${BACKBONE}) beats all of them at ${listed(won)}.`;
}

export function headline(report: StrategiesReport): string {
  const { rows, bounds } = report;
  const unit = UNITS.find((each) => rowsByBudget(rows, each).length > 0);
  if (unit === undefined) return "Nothing was measured.";
  const budgets = rowsByBudget(rows, unit)
    .map(([budget, at]) => ({ name: cost(unit, budget), best: bestOf(at, bounds), rows: at }))
    .filter(({ best }) => best.length > 0);
  if (budgets.length === 0) return "Only bounds and other policies were measured.";
  const winners = new Map<string, string[]>();
  for (const { name, best } of budgets) {
    const names = listed(best.map(({ strategy }) => strategy));
    winners.set(names, [...(winners.get(names) ?? []), `${name} (${percent(best[0]!.accuracy)})`]);
  }
  const found = [...winners].map(([names, places]) => `${names} at ${listed(places)}`);
  return `Most accurate by ${UNIT_NAMES[unit]} per problem: ${found.join("; ")}${aheadOfAuto(budgets, report, unit)}.${backboneWins(budgets)}`;
}

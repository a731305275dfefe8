/** The report's heart as Markdown, for a README: every strategy at every budget, and AUTO against each. */
import type { Interval } from "#shared/stats.js";
import { compact, cost, signed, UNIT_NAMES } from "./formats.js";
import { bestOf, headline, rowsByBudget } from "./headline.js";
import { AUTO } from "./look.js";
import { BACKBONE, type ReportRow, type StrategiesReport, type Unit } from "./report.js";

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}

/** What was measured, and by which command. */
export function heading(report: StrategiesReport): string {
  const { command, problems, seeds, temperature, machine, calibration } = report;
  const planned =
    calibration === "" ? "without a calibration" : `by the calibration ${calibration.slice(0, 12)}`;
  return (
    `Measured by \`${command}\`: ${problems} problems, ${seeds.length} seed${seeds.length === 1 ? "" : "s"} each, ` +
    `temperature ${temperature}, AUTO ${planned}, ${machine}. Budgets are mean costs of a problem, both models together; ` +
    "brackets are 95 % bootstrap intervals over problems."
  );
}

/** `headline` for those who read on. */
export const finding = (report: StrategiesReport): string => headline(report).replaceAll("\u00a0", " ");

const at = (row: ReportRow | undefined, isBest: boolean): string => {
  if (row === undefined) return "-";
  const text = `${row.accuracy.toFixed(3)} [${row.ci_low.toFixed(3)}, ${row.ci_high.toFixed(3)}]`;
  return `${isBest ? `**${text}**` : text}${row.spends_budget ? "" : " †"}`;
};

function nameOf(strategy: string, bounds: readonly string[]): string {
  if (bounds.includes(strategy)) return `${strategy} (a bound)`;
  return strategy === BACKBONE ? `${strategy} (another policy: the verifier's own model)` : strategy;
}

/** The best of a budget is bold; bounds and other policies do not compete. */
export function accuracySection(report: StrategiesReport, unit: Unit): string {
  const budgets = rowsByBudget(report.rows, unit);
  const body = report.strategies.map((strategy) => [
    nameOf(strategy, report.bounds),
    ...budgets.map(([, rows]) => {
      const row = rows.find((each) => each.strategy === strategy);
      return at(row, row !== undefined && bestOf(rows, report.bounds).includes(row));
    }),
  ]);
  const heads = budgets.map(([budget]) => `${cost(unit, budget)} ${UNIT_NAMES[unit]}`);
  const note = "\n\n† cannot spend as much: its largest size.";
  const text = table(["strategy", ...heads], body);
  return text.includes("†") ? text + note : text;
}

const difference = ({ estimate, low, high }: Interval): string =>
  `${signed(estimate, 3)} [${signed(low, 3)}, ${signed(high, 3)}]`;

/** AUTO minus every other strategy, paired by problem. */
export function autoSection(report: StrategiesReport, unit: Unit): string {
  const own = report.differences.filter((each) => each.unit === unit && each.strategy === AUTO);
  const budgets = report.budgets[unit];
  const others = [...new Set(own.map(({ against }) => against))].filter(
    (other) => !report.bounds.includes(other),
  );
  const cell = (against: string, budget: number): string => {
    const found = own.find((each) => each.against === against && each.budget === budget);
    return found === undefined ? "-" : difference(found.difference);
  };
  return table(
    ["auto minus", ...budgets.map((budget) => `${cost(unit, budget)} ${UNIT_NAMES[unit]}`)],
    others.map((other) => [other, ...budgets.map((budget) => cell(other, budget))]),
  );
}

/** How far each strategy's confidence can be trusted, and what tells how hard a problem is. */
export function trustSection({ reliability, difficulty }: StrategiesReport): string {
  const trust = table(
    ["confidence of", "solves", "ECE", "Brier"],
    reliability.map((each) => [
      each.strategy,
      compact(each.solves),
      each.ece.toFixed(3),
      each.brier.toFixed(3),
    ]),
  );
  const hardness = table(
    ["estimate of pass@1", "rank correlation", "ECE", "Brier"],
    difficulty.map(({ name, rankCorrelation: { estimate, low, high }, ece, brier }) => [
      name,
      `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`,
      ece === null ? "-" : ece.toFixed(3),
      brier === null ? "-" : brier.toFixed(3),
    ]),
  );
  return `${trust}\n\n${hardness}`;
}

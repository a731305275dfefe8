/** The report on a terminal: the accuracy of every strategy at every budget of tokens, the best ones marked. */
import { bestOf } from "#train/strategies/report/headline.js";
import type { ReportRow, StrategiesReport } from "#train/strategies/report/report.js";
import { compactNumber } from "../render/format.js";
import type { Style } from "../terminal/style.js";
import { padEnd } from "../terminal/text.js";

export function tableLines(report: StrategiesReport, style: Style): string[] {
  const { strategies, bounds, budgets, problems, seeds } = report;
  const rows = report.rows.filter(({ unit, level }) => unit === "tokens" && level === null);
  const names = Math.max(...strategies.map((name) => name.length)) + 2;
  const bests = new Map(
    budgets.tokens.map((budget) => [
      budget,
      bestOf(
        rows.filter((row) => row.budget === budget),
        bounds,
      ),
    ]),
  );
  const heads = budgets.tokens.map((budget) => padEnd(`${compactNumber(budget)} tokens`, CELL));
  return [
    `Accuracy at a mean cost, both models together; ${problems} problems, ${seeds.length} seed${seeds.length === 1 ? "" : "s"} each, 95 % intervals`,
    style((" ".repeat(names) + heads.join("")).trimEnd(), "bold"),
    ...strategies.map((strategy) => {
      const cells = budgets.tokens.map((budget) => {
        const row = rows.find((each) => each.strategy === strategy && each.budget === budget);
        const isBest = row !== undefined && bests.get(budget)!.includes(row);
        const text = padEnd(cellOf(row, isBest), CELL);
        return isBest ? style(text, "green") : text;
      });
      return (padEnd(strategy, names) + cells.join("")).trimEnd();
    }),
    style(
      "* best   < cannot spend as much   - no arm as cheap   oracle: a bound   backbone: another policy",
      "dim",
    ),
  ];
}

const CELL = 22;

function cellOf(row: ReportRow | undefined, isBest: boolean): string {
  if (row === undefined) return "  -";
  const mark = `${row.spends_budget ? " " : "<"}${isBest ? "*" : " "}`;
  return `${mark}${row.accuracy.toFixed(3)} [${row.ci_low.toFixed(2)}, ${row.ci_high.toFixed(2)}]`;
}

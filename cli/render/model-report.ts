/** A model's report for people: its checks, the memory of each precision as a table, and what to do with it. */
import { DEFAULT_POLICY } from "../paths.js";
import { checkLines } from "../checks/check.js";
import type { ModelReportEvent, PrecisionShape } from "../events.js";
import type { Terminal } from "../terminal/terminal.js";
import { padEnd, padStart, wrap } from "../terminal/text.js";
import { compactNumber, plural } from "./format.js";

const COLUMNS: readonly (readonly [head: string, bytes: (row: PrecisionShape) => number])[] = [
  ["weights", (row) => row.weights_bytes],
  ["K/V", (row) => row.kv_bytes],
  ["K/V/token", (row) => row.kv_bytes_per_token],
  ["working", (row) => row.activations_bytes],
  ["process", (row) => row.process_bytes],
  ["in all", (row) => row.total_bytes],
];
const LABEL_COLUMNS = 10;
const CELL_COLUMNS = 10;

export function modelReportLines(report: ModelReportEvent, terminal: Terminal): string[] {
  const table = report.precisions.length === 0 ? [] : ["", ...precisionTable(report, terminal)];
  return [...checkLines(report.checks, terminal), ...table, "", ...verdict(report, terminal)];
}

function precisionTable({ precisions }: ModelReportEvent, { style }: Terminal): string[] {
  const head = COLUMNS.map(([name]) => padStart(name, CELL_COLUMNS)).join("");
  const rows = precisions.map((row) => {
    const cells = COLUMNS.map(([, bytes]) => padStart(`${compactNumber(bytes(row))}B`, CELL_COLUMNS)).join(
      "",
    );
    const fits = row.fits ? style("fits", "green") : style("too much", "red");
    return `${padEnd(row.precision, LABEL_COLUMNS)}${cells}  ${fits}`;
  });
  return [style(padEnd("precision", LABEL_COLUMNS) + head, "dim"), ...rows];
}

function verdict(report: ModelReportEvent, terminal: Terminal): string[] {
  const { works, path, checks, prm, chat_template: chat } = report;
  const { style } = terminal;
  const problems = checks.filter(({ ok }) => !ok).length;
  if (!works) {
    const text = `${path} will not work: ${plural(problems, "problem")} above.`;
    return wrap(text, terminal.width()).map((line) => style(line, "red", "bold"));
  }
  const command = prm === null && !chat ? 'generate "..." --raw' : 'solve "..."';
  const flag = prm === null ? "--policy" : "--prm";
  // The shipped PRM knows the shipped policy's problems and nothing else.
  const verifier = prm === null && chat && path !== DEFAULT_POLICY ? " --verifier none" : "";
  return [
    style("It works:", "green", "bold"),
    `  npx deliberate ${command} ${flag} ${path}${verifier}${precisionFlag(report)}`,
  ];
}

/** Nothing where the default fits. */
function precisionFlag({ precisions, default_precision: usual }: ModelReportEvent): string {
  const fitting = precisions.filter(({ fits }) => fits).map(({ precision }) => precision);
  return usual === null || fitting.length === 0 || fitting.includes(usual)
    ? ""
    : ` --precision ${fitting[0]!}`;
}

/** Rows at equal budgets and differences between them, for those who want the numbers. */
import { compact, cost, percent, percentRange, signed, signedRange, UNIT_NAMES } from "./formats.js";
import { bestOf, rowsByBudget } from "./headline.js";
import { html, type Markup, NOTHING } from "./html.js";
import { AUTO, type Look, swatch } from "./look.js";
import { type Difference, type ReportRow, type StrategiesReport, type Unit, UNITS } from "./report.js";

/** A table in a box of its own that scrolls, so that the page never does. */
export function table(caption: string, head: readonly string[], body: readonly Markup[]): Markup {
  const heads = head.map((each) => html`<th scope="col">${each}</th>`);
  return html`<figure><figcaption>${caption}</figcaption>
<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div></figure>`;
}

/** The caption names the unit. */
const budgetHeads = (unit: Unit, budgets: readonly number[]): string[] =>
  budgets.map((budget) => `at ${cost(unit, budget)}`);

/** Shares and their second arm, such as "beam@8 72 % + beam@16 28 %". */
function mixOf({ arms, second_share }: ReportRow): string {
  if (arms.length < 2) return arms.join("");
  return `${arms[0]!} ${percent(1 - second_share, 0)} + ${arms[1]!} ${percent(second_share, 0)}`;
}

function accuracyCell(row: ReportRow | undefined, best: readonly ReportRow[]): Markup {
  if (row === undefined) return html`<td class="none">–</td>`;
  const wins = best.includes(row);
  const less = row.spends_budget
    ? NOTHING
    : html`<abbr title="cannot spend as much: its largest arm">†</abbr> `;
  return html`<td${wins ? html` class="best"` : ""} title="${mixOf(row)}">${wins ? html`<em>best</em> ` : ""}${less}<b>${percent(row.accuracy)}</b><br><small>${percentRange(row.ci_low, row.ci_high)}</small></td>`;
}

function accuracyTable(report: StrategiesReport, looks: readonly Look[], unit: Unit): Markup {
  const budgets = rowsByBudget(report.rows, unit);
  if (budgets.length === 0) return NOTHING;
  const bests = budgets.map(([, rows]) => bestOf(rows, report.bounds));
  const body = looks.map((look) => {
    const cells = budgets.map(([, rows], i) =>
      accuracyCell(
        rows.find(({ strategy }) => strategy === look.strategy),
        bests[i]!,
      ),
    );
    return html`<tr><th scope="row">${swatch(look)}${look.strategy}</th>${cells}</tr>`;
  });
  const heads = budgetHeads(
    unit,
    budgets.map(([budget]) => budget),
  );
  return table(`Accuracy at equal ${UNIT_NAMES[unit]} per problem`, ["strategy", ...heads], body);
}

function differenceCell(found: Difference | undefined): Markup {
  if (found === undefined) return html`<td class="none">–</td>`;
  const { estimate, low, high } = found.difference;
  const side = low > 0 ? "more" : high < 0 ? "less" : "even";
  const points = signed(100 * estimate, 1);
  return html`<td class="${side}"><b>${points}</b><br><small>${signedRange(found.difference, 100, 1)}</small></td>`;
}

/** `own`: of one unit. */
function differenceTable(own: readonly Difference[], what: string, unit: Unit): Markup {
  if (own.length === 0) return NOTHING;
  const budgets = [...new Set(own.map(({ budget }) => budget))].toSorted((a, b) => a - b);
  const pairs = new Map(own.map((each) => [`${each.strategy} − ${each.against}`, each]));
  const body = [...pairs].map(([name, { strategy, against }]) => {
    const ofPair = own.filter((each) => each.strategy === strategy && each.against === against);
    const cells = budgets.map((budget) => differenceCell(ofPair.find((each) => each.budget === budget)));
    return html`<tr><th scope="row">${name}</th>${cells}</tr>`;
  });
  const caption = `${what} at equal ${UNIT_NAMES[unit]}, percentage points`;
  return table(caption, ["difference", ...budgetHeads(unit, budgets)], body);
}

function differenceTables(differences: readonly Difference[], unit: Unit): Markup[] {
  const own = differences.filter((each) => each.unit === unit);
  const isAuto = ({ strategy }: Difference): boolean => strategy === AUTO;
  return [
    differenceTable(own.filter(isAuto), `${AUTO} minus the others`, unit),
    differenceTable(
      own.filter((each) => !isAuto(each)),
      "The others minus majority",
      unit,
    ),
  ];
}

const ROW_HEADS = [
  "strategy",
  "budget",
  "problems",
  "accuracy",
  "95 %",
  "generated tokens",
  "verifier tokens",
  "FLOPs",
  "wall p50, ms",
  "wall p95, ms",
  "arms",
];

function allRows({ rows }: StrategiesReport): Markup {
  const body = rows
    .filter(({ level }) => level === null)
    .map((row) => {
      const costs = [row.generated_tokens, row.verifier_tokens, row.flops, row.wall_ms_p50, row.wall_ms_p95];
      return html`<tr><th scope="row">${row.strategy}</th><td>${cost(row.unit, row.budget)} ${UNIT_NAMES[row.unit]}</td><td>${row.n}</td><td>${percent(row.accuracy)}</td><td>${percentRange(row.ci_low, row.ci_high)}</td>${costs.map((each) => html`<td>${compact(each)}</td>`)}<td>${mixOf(row)}</td></tr>`;
    });
  if (body.length === 0) return NOTHING;
  return html`<details><summary>All costs of these rows</summary>${table("Rows over all levels", ROW_HEADS, body)}</details>`;
}

export function budgetTables(report: StrategiesReport, looks: readonly Look[]): Markup {
  const tables = UNITS.flatMap((unit) => [
    accuracyTable(report, looks, unit),
    ...differenceTables(report.differences, unit),
  ]);
  const coloured =
    report.differences.length === 0
      ? NOTHING
      : html` A difference is coloured where its interval leaves zero out: <span class="more">more accurate</span>, <span class="less">less accurate</span>.`;
  return html`<section><h2>At equal budgets</h2>
<p class="note">Accuracy with its 95 % interval below; the best of each budget is marked, bounds and other policies aside. † cannot spend as much.${coloured}</p>
<div class="tables">${tables}</div>${allRows(report)}</section>`;
}

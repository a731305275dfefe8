/** The report as one page to look at: no script, nothing fetched, light and dark, desk and phone. */
import { levelPanels, unitCharts } from "./accuracy-charts.js";
import { calibration } from "./calibration.js";
import { headline } from "./headline.js";
import { html, Markup } from "./html.js";
import { looksOf } from "./look.js";
import { PAGE_STYLE } from "./page-style.js";
import type { StrategiesReport } from "./report.js";
import { budgetTables } from "./tables.js";
import { tokenBars } from "./token-bars.js";

const fact = (name: string, value: string | number): Markup =>
  html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

function facts(report: StrategiesReport): Markup {
  return html`<dl class="facts">${[
    fact("policy", report.policy),
    fact("verifier", report.verifier),
    fact("problems", report.problems),
    fact("seeds", report.seeds.join(", ")),
    fact("temperature", report.temperature),
    fact("calibration", report.calibration === "" ? "none" : report.calibration),
    fact("date", report.date),
    fact("machine", report.machine),
    html`<div class="long"><dt>command</dt><dd><code>${report.command}</code></dd></div>`,
  ]}</dl>`;
}

const DEFINITIONS = html`<footer><h2>What the words mean</h2><dl>
<dt>Budget</dt><dd>The mean cost of a problem, of policy and verifier together: tokens, FLOPs or seconds. Single problems may cost more or less.</dd>
<dt>Arm</dt><dd>A strategy at one size, such as beam search with 16 beams. A row mixes two neighbouring arms in the share that makes its mean cost the budget.</dd>
<dt>Interval</dt><dd>95 %, by bootstrap over problems. Differences are paired by problem.</dd>
<dt>Seconds</dt><dd>Wall time of whole Solves, run one at a time.</dd>
<dt>Bound</dt><dd>Chooses with the right answer in hand: what a perfect choice among the same candidates would reach.</dd>
<dt>ECE</dt><dd>Expected calibration error: the mean distance between confidence and accuracy. The Brier score is the mean squared distance between confidence and being right. Smaller is better in both.</dd>
<dt>Difficulty</dt><dd>How an estimate orders the problems against the share of right samples (pass@1), as Spearman's rank correlation: 1 orders all of them rightly, 0 none.</dd>
<dt>Numbers</dt><dd>report.json beside this page holds all of them.</dd>
</dl></footer>`;

export function toHtml(report: StrategiesReport): string {
  const looks = looksOf(report);
  const sections = [
    unitCharts(report, looks),
    levelPanels(report, looks),
    budgetTables(report, looks),
    calibration(report, looks),
    tokenBars(report, looks),
  ];
  const title = `Strategies at equal compute: ${report.policy}`;
  // The policy holds the browser to it: nothing is fetched and no script runs, whatever a report contains.
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(PAGE_STYLE)}</style></head>
<body><main><h1>Strategies at equal compute</h1>
<p class="lead">${headline(report)}</p>
${facts(report)}
${sections}
${DEFINITIONS}</main></body></html>
`.text;
}

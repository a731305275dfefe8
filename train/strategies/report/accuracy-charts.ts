/** Accuracy against cost: one chart for each unit, and one for each level. */
import { drawScene, type Size } from "./accuracy-drawing.js";
import { linesOf, type Line, type Scene, sceneOf } from "./accuracy-scene.js";
import { UNIT_NAMES } from "./formats.js";
import { html, type Markup, NOTHING } from "./html.js";
import { type Look, legend } from "./look.js";
import { forBothScreens } from "./plot.js";
import { type StrategiesReport, type Unit, UNITS } from "./report.js";

interface LabelledScene {
  /** What is said in the chart's place. */
  readonly label: string;
  readonly scene: Scene;
}

/** Undefined when nothing was measured. */
export function unitScene(
  report: StrategiesReport,
  looks: readonly Look[],
  unit: Unit,
): LabelledScene | undefined {
  const lines = linesOf(looks, report.points, ({ arm, accuracy, cost: costs }) => ({
    arm,
    cost: costs[unit],
    accuracy: accuracy.estimate,
    low: accuracy.low,
    high: accuracy.high,
  }));
  if (lines.length === 0) return undefined;
  const names = lines.map(({ look }) => look.strategy).join(", ");
  return {
    label: `Accuracy against ${UNIT_NAMES[unit]} per problem, a line for each of ${names}`,
    scene: sceneOf(lines, unit),
  };
}

/** Of the chart that comes first. */
export const LARGE: Size = { width: 1080, height: 520, named: true };

function unitChart(report: StrategiesReport, looks: readonly Look[], unit: Unit): Markup {
  const found = unitScene(report, looks, unit);
  if (found === undefined) return NOTHING;
  const { label, scene } = found;
  const first = unit === UNITS[0];
  const wide = first ? LARGE : { width: 530, height: 380, named: false };
  const chart = forBothScreens((narrow) =>
    drawScene(label, scene, narrow ? { width: 356, height: 360, named: false } : wide),
  );
  return html`<figure${first ? html` class="first"` : ""}><figcaption>Accuracy against ${UNIT_NAMES[unit]}</figcaption>${chart}</figure>`;
}

export function unitCharts(report: StrategiesReport, looks: readonly Look[]): Markup {
  if (report.points.length === 0) return NOTHING;
  const charts = UNITS.map((unit) => unitChart(report, looks, unit));
  return html`<section><h2>Accuracy against compute</h2>${legend(looks)}
<p class="note">Each dot is an arm as it was measured. Band (AUTO) and whiskers (the others) are 95 % intervals over problems. The x axes are logarithmic; costs are means per problem of both models.</p>
<div class="units">${charts}</div></section>`;
}

function levelLines(report: StrategiesReport, looks: readonly Look[], index: number): Line[] {
  return linesOf(looks, report.points, ({ arm, accuracyByLevel, cost: costs }) => {
    const accuracy = accuracyByLevel[index] ?? Number.NaN;
    return { arm, cost: costs.tokens, accuracy, low: accuracy, high: accuracy };
  });
}

function levelPanel(scene: Scene, level: number): Markup {
  if (scene.lines.length === 0) return NOTHING;
  const label = `Accuracy against tokens per problem, level ${level}`;
  const panel = drawScene(label, scene, { width: 350, height: 270, named: false });
  return html`<figure><figcaption>Level ${level}</figcaption>${panel}</figure>`;
}

export function levelPanels(report: StrategiesReport, looks: readonly Look[]): Markup {
  if (report.levels.length === 0 || report.points.length === 0) return NOTHING;
  const lines = report.levels.map((_, index) => levelLines(report, looks, index));
  // One pair of axes for all levels, so that panels compare.
  const axes = sceneOf(lines.flat(), "tokens");
  const panels = report.levels.map((level, index) => levelPanel({ ...axes, lines: lines[index]! }, level));
  return html`<section><h2>Accuracy by level</h2>${legend(looks)}
<p class="note">The problems of one level in each panel. Tokens are the arm's mean over the problems of all levels.</p>
<div class="panels">${panels}</div></section>`;
}

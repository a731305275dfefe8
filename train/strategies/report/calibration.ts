/** How far confidence and estimated difficulty can be trusted. */
import * as Plot from "@observablehq/plot";
import { percent, signed, signedRange } from "./formats.js";
import { html, type Markup, NOTHING } from "./html.js";
import { type Look, swatch } from "./look.js";
import { draw } from "./plot.js";
import type { DifficultyEstimate, Reliability, ReliabilityBin, StrategiesReport } from "./report.js";
import { table } from "./tables.js";

const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const axis = { ticks: QUARTERS, tickFormat: (value: number) => percent(value, 0), tickSize: 3 };

const lookOf = ({ strategy }: Reliability, looks: readonly Look[]): Look | undefined =>
  looks.find((look) => look.strategy === strategy);

function named(each: Reliability, looks: readonly Look[]): Markup {
  const look = lookOf(each, looks);
  return html`${look === undefined ? NOTHING : swatch(look)}${each.strategy}`;
}

/** What is predicted (along) and what was observed (upwards), and of how many. */
interface Axes {
  readonly title: string;
  readonly predicted: string;
  readonly observed: string;
  readonly of: string;
}

/** `most`: the fullest bin of all panels, so that bubbles compare between them. */
function diagram(bins: readonly ReliabilityBin[], axes: Axes, color: string, most: number): Markup {
  return draw(axes.title, {
    width: 260,
    height: 260,
    marginLeft: 50,
    marginBottom: 42,
    marginRight: 26,
    marginTop: 12,
    x: { domain: [0, 1] },
    y: { domain: [0, 1] },
    r: { domain: [0, most], range: [0, 13] },
    marks: [
      Plot.axisX({
        ...axis,
        label: axes.predicted,
        labelOffset: 36,
        labelAnchor: "center",
        labelArrow: "none",
      }),
      Plot.axisY({ ...axis, label: null }),
      Plot.gridY({ ticks: QUARTERS }),
      Plot.link([0], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: "var(--faint)", strokeDasharray: "4 3" }),
      Plot.lineY(bins, { x: "predicted", y: "observed", stroke: color, strokeWidth: 1.5 }),
      Plot.dot(bins, {
        x: "predicted",
        y: "observed",
        r: "count",
        fill: color,
        fillOpacity: 0.55,
        stroke: color,
        title: ({ predicted, observed, count }: ReliabilityBin) =>
          `${axes.predicted} ${percent(predicted)}, ${axes.observed} ${percent(observed)}, ${count} ${axes.of}`,
      }),
    ],
  });
}

function reliabilityPanels(all: readonly Reliability[], looks: readonly Look[]): Markup {
  if (all.length === 0) return NOTHING;
  const most = fullest(all);
  const panels = all.map((each) => {
    const color = lookOf(each, looks)?.color ?? "currentColor";
    const title = `Accuracy against confidence of ${each.strategy}`;
    const axes = { title, predicted: "confidence", observed: "accuracy", of: "Solves" };
    return html`<figure><figcaption>${named(each, looks)}</figcaption>${diagram(each.bins, axes, color, most)}</figure>`;
  });
  return html`<p class="note">Accuracy (upwards) of the Solves that were about as confident: on the dashed line, confidence can be taken at its word; below it, it promises too much. Larger bubbles are more Solves.</p>
<div class="panels small">${panels}</div>`;
}

const fullest = (all: readonly { readonly bins: readonly ReliabilityBin[] }[]): number =>
  Math.max(1, ...all.flatMap(({ bins }) => bins.map(({ count }) => count)));

/** Of those that claim to be pass@1. */
function difficultyPanels(all: readonly DifficultyEstimate[]): Markup {
  const rates = all.filter(({ bins }) => bins.length > 0);
  if (rates.length === 0) return NOTHING;
  const most = fullest(rates);
  const panels = rates.map(({ name, bins }) => {
    const axes = {
      title: `pass@1 against ${name}`,
      predicted: "estimate",
      observed: "pass@1",
      of: "problems",
    };
    return html`<figure><figcaption>${name}</figcaption>${diagram(bins, axes, "currentColor", most)}</figure>`;
  });
  return html`<p class="note">pass@1 (upwards) of the problems that were estimated to have about as much.</p>
<div class="panels small">${panels}</div>`;
}

function reliabilityTable(all: readonly Reliability[], looks: readonly Look[]): Markup {
  if (all.length === 0) return NOTHING;
  const body = all.map(
    (each) =>
      html`<tr><th scope="row">${named(each, looks)}</th><td>${each.solves}</td><td>${each.ece.toFixed(3)}</td><td>${each.brier.toFixed(3)}</td></tr>`,
  );
  return table("Calibration error: 0 is perfect", ["strategy", "Solves", "ECE", "Brier"], body);
}

function difficultyTable(estimates: readonly DifficultyEstimate[]): Markup {
  if (estimates.length === 0) return NOTHING;
  const body = estimates.map(
    ({ name, rankCorrelation, brier, ece }) =>
      html`<tr><th scope="row">${name}</th><td><b>${signed(rankCorrelation.estimate, 2)}</b><br><small>${signedRange(rankCorrelation, 1, 2)}</small></td><td>${ece === null ? "–" : ece.toFixed(3)}</td><td>${brier === null ? "–" : brier.toFixed(3)}</td></tr>`,
  );
  const heads = ["estimate", "rank corr.", "ECE", "Brier"];
  return table("Estimates of difficulty against pass@1", heads, body);
}

export function calibration(report: StrategiesReport, looks: readonly Look[]): Markup {
  if (report.reliability.length + report.difficulty.length === 0) return NOTHING;
  return html`<section><h2>Confidence and difficulty</h2>${reliabilityPanels(report.reliability, looks)}${difficultyPanels(report.difficulty)}
<div class="tables">${reliabilityTable(report.reliability, looks)}${difficultyTable(report.difficulty)}</div></section>`;
}

/** How far confidence and estimated difficulty can be trusted. */
import * as Plot from "@observablehq/plot";
import { percent, signed, signedRange } from "./formats.js";
import { html, type Markup, NOTHING } from "./html.js";
import { type Look, swatch } from "./look.js";
import { draw } from "./plot.js";
import type { DifficultyEstimate, Reliability, StrategiesReport } from "./report.js";
import { table } from "./tables.js";

type Bin = Reliability["bins"][number];

const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const axis = { ticks: QUARTERS, tickFormat: (value: number) => percent(value, 0), tickSize: 3 };

const lookOf = ({ strategy }: Reliability, looks: readonly Look[]): Look | undefined =>
  looks.find((look) => look.strategy === strategy);

function named(each: Reliability, looks: readonly Look[]): Markup {
  const look = lookOf(each, looks);
  return html`${look === undefined ? NOTHING : swatch(look)}${each.strategy}`;
}

/** `most`: the fullest bin of all strategies, so that bubbles compare between panels. */
function diagram({ strategy, bins }: Reliability, color: string, most: number): Markup {
  return draw(`Accuracy against confidence of ${strategy}`, {
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
        label: "confidence",
        labelOffset: 36,
        labelAnchor: "center",
        labelArrow: "none",
      }),
      Plot.axisY({ ...axis, label: null }),
      Plot.gridY({ ticks: QUARTERS }),
      Plot.link([0], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: "var(--faint)", strokeDasharray: "4 3" }),
      Plot.lineY(bins, { x: "confidence", y: "accuracy", stroke: color, strokeWidth: 1.5 }),
      Plot.dot(bins, {
        x: "confidence",
        y: "accuracy",
        r: "count",
        fill: color,
        fillOpacity: 0.55,
        stroke: color,
        title: (bin: Bin) =>
          `confidence ${percent(bin.confidence)}, accuracy ${percent(bin.accuracy)}, ${bin.count} Solves`,
      }),
    ],
  });
}

function reliabilityPanels(all: readonly Reliability[], looks: readonly Look[]): Markup {
  if (all.length === 0) return NOTHING;
  const most = Math.max(1, ...all.flatMap(({ bins }) => bins.map(({ count }) => count)));
  const panels = all.map((each) => {
    const color = lookOf(each, looks)?.color ?? "currentColor";
    return html`<figure><figcaption>${named(each, looks)}</figcaption>${diagram(each, color, most)}</figure>`;
  });
  return html`<p class="note">Accuracy (upwards) of the Solves that were about as confident: on the dashed line, confidence can be taken at its word; below it, it promises too much. Larger bubbles are more Solves.</p>
<div class="panels small">${panels}</div>`;
}

function reliabilityTable(all: readonly Reliability[], looks: readonly Look[]): Markup {
  if (all.length === 0) return NOTHING;
  const body = all.map(
    (each) =>
      html`<tr><th scope="row">${named(each, looks)}</th><td>${each.solves}</td><td>${each.ece.toFixed(3)}</td><td>${each.brier.toFixed(3)}</td></tr>`,
  );
  return table("Calibration error: 0 is perfect", ["strategy", "Solves", "ECE", "Brier score"], body);
}

function difficultyTable(estimates: readonly DifficultyEstimate[]): Markup {
  if (estimates.length === 0) return NOTHING;
  const body = estimates.map(
    ({ name, rankCorrelation, brier }) =>
      html`<tr><th scope="row">${name}</th><td><b>${signed(rankCorrelation.estimate, 2)}</b><br><small>${signedRange(rankCorrelation, 1, 2)}</small></td><td>${brier === null ? "–" : brier.toFixed(3)}</td></tr>`,
  );
  const heads = ["estimate", "rank correlation", "Brier score"];
  return table("Estimates of difficulty against pass@1", heads, body);
}

export function calibration(report: StrategiesReport, looks: readonly Look[]): Markup {
  if (report.reliability.length + report.difficulty.length === 0) return NOTHING;
  return html`<section><h2>Confidence and difficulty</h2>${reliabilityPanels(report.reliability, looks)}
<div class="tables">${reliabilityTable(report.reliability, looks)}${difficultyTable(report.difficulty)}</div></section>`;
}

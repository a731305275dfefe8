/** Where the tokens of each strategy's largest arm went. */
import * as Plot from "@observablehq/plot";
import { sum } from "#shared/stats.js";
import { compact } from "./formats.js";
import { html, type Markup, NOTHING } from "./html.js";
import type { Look } from "./look.js";
import { cutTo, draw, forBothScreens, roomFor } from "./plot.js";
import type { ArmPoint, StrategiesReport } from "./report.js";

const PARTS = ["kept", "pruned", "cancelled", "verifier"] as const;
type Part = (typeof PARTS)[number];
const MEANINGS: Readonly<Record<Part, string>> = {
  kept: "on paths that ended as finished candidates",
  pruned: "in steps completed, then dropped",
  cancelled: "in steps stopped while they were generated",
  verifier: "read by the verifier",
};

const color = (part: Part): string => `var(--part-${part})`;

function largestArms(points: readonly ArmPoint[], looks: readonly Look[]): ArmPoint[] {
  return looks.flatMap(({ strategy }) => {
    const own = points.filter((point) => point.strategy === strategy);
    return own.toSorted((a, b) => b.cost.tokens - a.cost.tokens).slice(0, 1);
  });
}

interface Bar {
  readonly strategy: string;
  readonly total: number;
  readonly pieces: readonly { readonly strategy: string; readonly part: Part; readonly tokens: number }[];
  /** At its end. */
  readonly text: string;
}

function toBar({ strategy, arm, tokens }: ArmPoint, narrow: boolean): Bar {
  const pieces = PARTS.map((part) => ({ strategy, part, tokens: tokens[part] }));
  const total = sum(pieces.map((piece) => piece.tokens));
  return { strategy, total, pieces, text: narrow ? compact(total) : `${compact(total)}  (${arm})` };
}

function marks(bars: readonly Bar[], marginLeft: number, marginRight: number, ticks: number): Plot.Markish[] {
  return [
    Plot.gridX({ ticks }),
    Plot.axisX({
      ticks,
      tickFormat: compact,
      label: "tokens per problem",
      labelOffset: 36,
      labelAnchor: "right",
      labelArrow: "none",
    }),
    Plot.axisY({ label: null, tickSize: 0, ...cutTo(marginLeft) }),
    Plot.barX(
      bars.flatMap(({ pieces }) => pieces),
      {
        x: "tokens",
        y: "strategy",
        fill: "part",
        title: ({ part, tokens }: Bar["pieces"][number]) => `${part}: ${compact(tokens)} tokens`,
      },
    ),
    Plot.text(bars, {
      x: "total",
      y: "strategy",
      text: "text",
      textAnchor: "start",
      dx: 7,
      ...cutTo(marginRight),
    }),
  ];
}

function chart(arms: readonly ArmPoint[], narrow: boolean): Markup {
  const bars = arms.map((arm) => toBar(arm, narrow));
  const names = bars.map(({ strategy }) => strategy);
  const marginLeft = roomFor(names, narrow ? 110 : 200);
  const marginRight = roomFor(
    bars.map(({ text }) => text),
    280,
  );
  return draw(`Tokens per problem of the largest arm of each of ${names.join(", ")}`, {
    width: narrow ? 356 : 1080,
    height: 48 + bars.length * 34,
    marginLeft,
    marginRight,
    marginTop: 8,
    marginBottom: 40,
    x: { domain: [0, Math.max(1, ...bars.map(({ total }) => total))] },
    y: { type: "band", domain: names, padding: 0.25 },
    color: { type: "categorical", domain: [...PARTS], range: PARTS.map(color) },
    marks: marks(bars, marginLeft, marginRight, narrow ? 4 : 8),
  });
}

export function tokenBars(report: StrategiesReport, looks: readonly Look[]): Markup {
  const arms = largestArms(report.points, looks);
  if (arms.length === 0) return NOTHING;
  const entries = PARTS.map(
    (part) =>
      html`<li><span class="chip" style="background:${color(part)}"></span>${part} <small>(${MEANINGS[part]})</small></li>`,
  );
  return html`<section><h2>Where the tokens went</h2><ul class="legend">${entries}</ul>
<p class="note">Each strategy at its largest arm; means per problem.</p>
<figure>${forBothScreens((narrow) => chart(arms, narrow))}</figure></section>`;
}

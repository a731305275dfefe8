/** What each strategy looks like, the same in every chart of the page. */
import { html, type Markup } from "./html.js";
import type { StrategiesReport } from "./report.js";

/** The strategy that the page is about: it may choose any of the others. */
export const AUTO = "auto";

export interface Look {
  readonly strategy: string;
  /** A custom property of the stylesheet, because dark mode changes it. */
  readonly color: string;
  readonly dash: string;
  readonly width: number;
  /** Needs the right answer: shows how far the others could get. */
  readonly bound: boolean;
}

/** Okabe and Ito's colours that tell apart with every kind of colour vision; vermilion is kept for AUTO. */
export const NUM_COLORS = 7;
const DASHES = ["none", "7 3", "2 3", "9 3 2 3"];
const BOUND_DASHES = ["5 4", "1 4", "10 4"];

const cycle = (values: readonly string[], index: number): string => values[index % values.length]!;

/** In the order of the report. */
export function looksOf({ strategies, bounds }: StrategiesReport): Look[] {
  const plain = strategies.filter((each) => each !== AUTO && !bounds.includes(each));
  return strategies.map((strategy) => {
    if (strategy === AUTO) return { strategy, color: "var(--auto)", dash: "none", width: 3.5, bound: false };
    if (bounds.includes(strategy)) {
      const dash = cycle(BOUND_DASHES, bounds.indexOf(strategy));
      return { strategy, color: "var(--bound)", dash, width: 1.75, bound: true };
    }
    const index = plain.indexOf(strategy);
    const dash = cycle(DASHES, Math.floor(index / NUM_COLORS));
    return { strategy, color: `var(--color-${index % NUM_COLORS})`, dash, width: 1.75, bound: false };
  });
}

const stroke = (color: string, width: number, dash: string): Markup =>
  html`<svg class="swatch" viewBox="0 0 34 12" aria-hidden="true"><line x1="1" x2="33" y1="6" y2="6" style="stroke:${color};stroke-width:${width};stroke-dasharray:${dash}"/></svg>`;

export const swatch = ({ color, width, dash }: Look): Markup => stroke(color, Math.max(2, width), dash);

/** For all charts of accuracy against cost. */
export function legend(looks: readonly Look[]): Markup {
  const entries = looks.map(
    (look) =>
      html`<li${look.strategy === AUTO ? html` class="auto"` : ""}>${swatch(look)}${look.strategy}${look.bound ? html` <small>(bound: knows the answer)</small>` : ""}</li>`,
  );
  const front = html`<li>${stroke("var(--front)", 9, "none")}Pareto front <small>(no arm is cheaper and better)</small></li>`;
  return html`<ul class="legend">${entries}${front}</ul>`;
}

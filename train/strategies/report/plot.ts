/**
 * Observable Plot without a browser. The only file that knows how a chart becomes text: Plot draws into linkedom's
 * document, which escapes what it writes.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { html, Markup } from "./html.js";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

export type ChartOptions = Omit<Plot.PlotOptions, "document" | "className">;

/** An SVG that scales with its box. `label` is what a screen reader says in its place. */
export function draw(label: string, options: ChartOptions): Markup {
  const chart = Plot.plot({ ...options, document, className: "plot", ariaLabel: label });
  chart.setAttribute("role", "img");
  return new Markup(chart.outerHTML);
}

/** Scaling alone would make a phone's letters unreadable, so that a chart is drawn for each and one is shown. */
export const forBothScreens = (chart: (narrow: boolean) => Markup): Markup =>
  html`<div class="wide">${chart(false)}</div><div class="narrow">${chart(true)}</div>`;

/** Letters of a chart are this high, as the stylesheet sets them, and about this wide. */
const FONT_PX = 13;
const LETTER_PX = 7.2;

/** Pixels that the longest of these texts needs beside a chart, `most` at most. */
export const roomFor = (texts: readonly string[], most: number): number =>
  Math.min(most, 20 + LETTER_PX * Math.max(...texts.map(({ length }) => length)));

/** Cuts texts that need more than these pixels. */
export const cutTo = (pixels: number): { lineWidth: number; textOverflow: "ellipsis" } => ({
  lineWidth: pixels / FONT_PX,
  textOverflow: "ellipsis",
});

/** From one line of text to the next. */
export const LINE_PX = FONT_PX + 4;

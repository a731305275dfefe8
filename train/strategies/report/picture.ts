/** The one chart that goes where no page can, such as a README: accuracy against tokens, as an SVG file. */
import { LARGE, unitScene } from "./accuracy-charts.js";
import { drawScene } from "./accuracy-drawing.js";
import { looksOf } from "./look.js";
import { CHART_STYLE, COLORS } from "./page-style.js";
import type { StrategiesReport } from "./report.js";

/** Undefined when nothing was measured. */
export function toSvg(report: StrategiesReport): string | undefined {
  const found = unitScene(report, looksOf(report), "tokens");
  if (found === undefined) return undefined;
  const { text } = drawScene(found.label, found.scene, LARGE);
  const [, attributes, rest] = /^<svg([^>]*)>(.*)$/s.exec(text)!;
  // Inside a page an SVG needs no namespace; as a file it does.
  const namespace = attributes!.includes("xmlns=") ? "" : ' xmlns="http://www.w3.org/2000/svg"';
  const ground = `<style>${COLORS}${CHART_STYLE}</style><rect width="100%" height="100%" fill="var(--ground)"/>`;
  return `<svg${namespace}${attributes}>${ground}${rest}\n`;
}

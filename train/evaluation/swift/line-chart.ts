/** A line chart as SVG elements: logarithmic x, bands for intervals, a legend below. Knows nothing of what it shows. */

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly dashed?: boolean;
  /** Ascending in x. */
  readonly points: readonly ChartPoint[];
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

export const CHART_WIDTH = 440;
const PLOT_HEIGHT = 300;
const MARGIN = { left: 56, right: 16, top: 36, bottom: 44 };
const LEGEND_LINE = 18;

/** Pixels that the chart takes. */
export const chartHeight = ({ series }: Chart): number =>
  MARGIN.top + PLOT_HEIGHT + MARGIN.bottom + LEGEND_LINE * series.length + 8;

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const place = (value: number): string => value.toFixed(1);

/** Round steps that give four to eight lines. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** An SVG group whose top left corner is at `left`, 0. */
export function lineChart(chart: Chart, left: number): string {
  const all = chart.series.flatMap(({ points }) => points);
  const scale = scalesOf(all);
  const xs = [...new Set(all.map(({ x }) => x))].toSorted((a, b) => a - b);
  const right = CHART_WIDTH - MARGIN.right;
  const bottom = MARGIN.top + PLOT_HEIGHT;
  const grid = scale.ticks.map((y) => {
    const at = place(scale.y(y));
    return `<line x1="${MARGIN.left}" x2="${right}" y1="${at}" y2="${at}" stroke="#ddd"/><text x="${MARGIN.left - 6}" y="${at}" dy="4" text-anchor="end">${Number(y.toFixed(6))}</text>`;
  });
  const marks = xs.map((x) => {
    const at = place(scale.x(x));
    return `<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}" stroke="#666"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${x}</text>`;
  });
  const middle = (MARGIN.left + right) / 2;
  return [
    `<g transform="translate(${left},0)">`,
    `<text x="${MARGIN.left}" y="20" font-size="14" font-weight="bold">${escape(chart.title)}</text>`,
    ...grid,
    ...marks,
    `<line x1="${MARGIN.left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="#666"/>`,
    `<text x="${middle}" y="${bottom + 36}" text-anchor="middle">${escape(chart.xLabel)}</text>`,
    `<text transform="translate(14,${MARGIN.top + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escape(chart.yLabel)}</text>`,
    ...chart.series.map((series) => bandOf(series, scale)),
    ...chart.series.map((series) => lineOf(series, scale)),
    ...chart.series.map(legendOf),
    "</g>",
  ].join("\n");
}

interface Scales {
  x(value: number): number;
  y(value: number): number;
  readonly ticks: readonly number[];
}

function scalesOf(points: readonly ChartPoint[]): Scales {
  const logs = points.map(({ x }) => Math.log(x));
  const [from, to] = [Math.min(...logs), Math.max(...logs)];
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const pad = Math.max(0.02, 0.05 * (high - low));
  const [bottom, top] = [Math.max(0, low - pad), high + pad];
  const width = CHART_WIDTH - MARGIN.left - MARGIN.right - 20;
  return {
    x: (value) => MARGIN.left + 10 + (to === from ? 0.5 : (Math.log(value) - from) / (to - from)) * width,
    y: (value) => MARGIN.top + PLOT_HEIGHT * (1 - (value - bottom) / (top - bottom)),
    ticks: ticks(bottom, top),
  };
}

function bandOf({ points, color }: Series, { x, y }: Scales): string {
  const upper = points.map((point) => `${place(x(point.x))},${place(y(point.high))}`);
  const lower = points.toReversed().map((point) => `${place(x(point.x))},${place(y(point.low))}`);
  return `<polygon points="${[...upper, ...lower].join(" ")}" fill="${color}" fill-opacity="0.08"/>`;
}

function lineOf({ points, color, dashed }: Series, { x, y }: Scales): string {
  const dots = points.map(
    (point) => `<circle cx="${place(x(point.x))}" cy="${place(y(point.y))}" r="2.5" fill="${color}"/>`,
  );
  const path = points.map((point) => `${place(x(point.x))},${place(y(point.y))}`).join(" ");
  return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${strokeOf(dashed)}/>${dots.join("")}`;
}

const strokeOf = (dashed = false): string => (dashed ? ' stroke-dasharray="6 4"' : "");

function legendOf({ name, color, dashed }: Series, index: number): string {
  const x = MARGIN.left;
  const y = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom + LEGEND_LINE * (index + 0.5);
  return `<line x1="${x}" x2="${x + 24}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="2"${strokeOf(dashed)}/><text x="${x + 30}" y="${y}" dy="4">${escape(name)}</text>`;
}

/**
 * The report as one picture: accuracy over the number of candidates by votes and by the best, and what heads learn from
 * more problems. Bands are 95 % intervals over problems.
 */
import { CHART_WIDTH, type Chart, type ChartPoint, chartHeight, lineChart } from "./line-chart.js";
import { nameOf } from "./markdown.js";
import type { ChoiceRow, SwiftReport } from "./report.js";

/** Told apart by people who see fewer colours, too (Okabe and Ito). */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f00", "#7a3e9d"];
const MAJORITY_COLOR = "#000000";

/** The colour of a score, the same in both charts. */
function colorOf({ auc }: SwiftReport, name: string): string {
  const drawn = auc.filter(({ score }) => !HIDDEN.includes(score));
  return COLORS[drawn.findIndex(({ score }) => score === name) % COLORS.length] ?? MAJORITY_COLOR;
}

/** More lines than a reader can tell apart: the tables have all, the picture not these. */
const HIDDEN = [
  "sum log-prob",
  "self-certainty",
  "SWIFT, last state only",
  "SWIFT, no gate",
  "SWIFT, pairwise loss",
  "SWIFT's form over 20 log-probs",
];

/** Choices by heads, log-prob and other reward models, and the majority (dashed) that they must beat. */
function choiceChart(report: SwiftReport, pick: "best" | "vote", title: string): Chart {
  const shown = report.auc.map(({ score }) => score).filter((score) => !HIDDEN.includes(score));
  const rows = [{ score: "", pick: "majority" as const }, ...shown.map((score) => ({ score, pick }))];
  return {
    title,
    xLabel: "candidates",
    yLabel: "share of problems answered right",
    series: rows.map((row) => ({
      name: nameOf(row),
      color: colorOf(report, row.score),
      dashed: row.pick === "majority",
      points: pointsOf(
        report.choices.filter(({ score, pick: of }) => score === row.score && of === row.pick),
      ),
    })),
  };
}

const pointsOf = (rows: readonly ChoiceRow[]): ChartPoint[] =>
  rows.map(({ n, accuracy: { estimate, low, high } }) => ({ x: n, y: estimate, low, high }));

function curveChart(report: SwiftReport): Chart {
  const heads = [...new Set(report.learningCurve.map(({ head }) => head))];
  const series = heads.map((head) => ({
    name: head,
    color: colorOf(report, head),
    points: report.learningCurve.flatMap(({ head: of, problems, withinProblem }) =>
      of === head && withinProblem !== undefined
        ? [{ x: problems, y: withinProblem.estimate, low: withinProblem.low, high: withinProblem.high }]
        : [],
    ),
  }));
  return {
    title: "AUC within a problem",
    xLabel: "training problems",
    yLabel: "AUC (0.5 is chance)",
    series: series.filter(({ points }) => points.length > 0),
  };
}

/** A whole SVG document that needs nothing else. */
export function toSvg(report: SwiftReport): string {
  const charts = [
    choiceChart(report, "vote", "Weighted votes"),
    choiceChart(report, "best", "Best of N"),
    curveChart(report),
  ].filter(({ series }) => series.length > 0);
  const width = CHART_WIDTH * charts.length;
  const height = Math.max(...charts.map(chartHeight));
  const groups = charts.map((chart, i) => lineChart(chart, i * CHART_WIDTH));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
${groups.join("\n")}
</svg>
`;
}

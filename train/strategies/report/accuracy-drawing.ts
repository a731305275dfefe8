/** Draws accuracy against cost: a line for each strategy, the Pareto front behind them. */
import * as Plot from "@observablehq/plot";
import type { Line, Point, Scene } from "./accuracy-scene.js";
import { cost, percent, percentRange, UNIT_NAMES } from "./formats.js";
import type { Markup } from "./html.js";
import { spread } from "./labels.js";
import { logTicks } from "./log-ticks.js";
import { AUTO, type Look } from "./look.js";
import { paretoFront } from "./pareto.js";
import { cutTo, draw, LINE_PX, roomFor } from "./plot.js";
import { BACKBONE, type Unit } from "./report.js";

export interface Size {
  readonly width: number;
  readonly height: number;
  /** Names beside the lines' ends, where the legend is too far away. */
  readonly named: boolean;
}

const AXES = { marginLeft: 48, marginTop: 14, marginBottom: 44, marginRight: 14 };
const ENDS = { x1: "x1", x2: "x2", y1: "y1", y2: "y2" };

const titleOf = (look: Look, unit: Unit, point: Point): string =>
  `${look.strategy}, ${point.arm}: ${percent(point.accuracy)} (${percentRange(point.low, point.high)}) at ${cost(unit, point.cost)} ${UNIT_NAMES[unit]}`;

function intervalMark({ look, points }: Line): Plot.Markish {
  const between = { x: "cost", y1: "low", y2: "high" };
  // A band of one point would have no width to be seen by.
  return look.strategy === AUTO && points.length > 1
    ? Plot.areaY(points, { ...between, fill: look.color, fillOpacity: 0.16 })
    : Plot.ruleX(points, { ...between, stroke: look.color, strokeOpacity: 0.45 });
}

function lineMarks({ look, points }: Line, unit: Unit, grain: number): Plot.Markish[] {
  const { color: stroke, width: strokeWidth, dash: strokeDasharray } = look;
  const auto = look.strategy === AUTO;
  return [
    Plot.lineY(points, { x: "cost", y: "accuracy", stroke, strokeWidth, strokeDasharray }),
    Plot.dot(points, {
      x: "cost",
      y: "accuracy",
      r: grain * (auto ? 5 : look.bound ? 2 : 3),
      fill: look.color,
      stroke: "var(--plot-background)",
      strokeWidth: 1.5 * grain ** 2,
      title: (point: Point) => titleOf(look, unit, point),
    }),
  ];
}

function frontMark({ lines }: Scene, grain: number): Plot.Markish {
  const front = paretoFront(
    lines.filter(({ look }) => !look.bound && look.strategy !== BACKBONE).flatMap(({ points }) => points),
  );
  return Plot.lineY(front, {
    x: "cost",
    y: "accuracy",
    stroke: "var(--front)",
    strokeWidth: 13 * grain,
    strokeLinecap: "round",
  });
}

/** Names in a column right of the plot, each joined to the end of its line. */
function nameMarks({ lines, costs, accuracies }: Scene, height: number, room: number): Plot.Markish[] {
  const [low, high] = accuracies;
  const perPx = (high - low) / (height - AXES.marginTop - AXES.marginBottom);
  const ends = lines.map(({ points }) => points.at(-1)!);
  const wanted = ends.map(({ accuracy }) => accuracy);
  const places = spread(wanted, LINE_PX * perPx, low, high);
  return lines.flatMap(({ look }, i) => {
    const name = [{ x1: ends[i]!.cost, x2: costs[1], y1: ends[i]!.accuracy, y2: places[i]! }];
    return [
      Plot.link(name, { ...ENDS, stroke: look.color, strokeOpacity: 0.7, strokeDasharray: "1 3" }),
      Plot.dot(name, { x: "x2", y: "y2", r: 4, fill: look.color }),
      Plot.text(name, {
        x: "x2",
        y: "y2",
        text: () => look.strategy,
        textAnchor: "start",
        dx: 9,
        fontWeight: look.strategy === AUTO ? 700 : 400,
        ...cutTo(room),
      }),
    ];
  });
}

export function drawScene(label: string, scene: Scene, { width, height, named }: Size): Markup {
  const { lines, unit, costs, accuracies } = scene;
  const names = lines.map(({ look }) => look.strategy);
  const room = named ? roomFor(names, 180) : AXES.marginRight;
  // What is fine on a desk would cover a small panel.
  const grain = width < 400 ? 0.7 : 1;
  const ticks = logTicks(...costs, Math.floor(width / 55));
  return draw(label, {
    ...AXES,
    width,
    height,
    marginRight: room,
    x: { type: "log", domain: costs },
    y: { domain: accuracies },
    marks: [
      Plot.gridY({ ticks: 6 }),
      Plot.axisY({ ticks: 6, tickFormat: (value: number) => percent(value, 0), label: null, tickSize: 0 }),
      Plot.axisX(ticks, {
        text: (value: number) => cost(unit, value),
        label: `${UNIT_NAMES[unit]} per problem →`,
        labelOffset: 36,
        labelAnchor: "right",
        labelArrow: "none",
      }),
      ...lines.map(intervalMark),
      frontMark(scene, grain),
      ...lines.flatMap((line) => lineMarks(line, unit, grain)),
      ...(named ? nameMarks(scene, height, room) : []),
    ],
  });
}

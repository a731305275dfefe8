/** What a chart of accuracy against cost shows, before anything is drawn. */
import { AUTO, type Look } from "./look.js";
import type { Priced } from "./pareto.js";
import type { ArmPoint, Unit } from "./report.js";

export interface Point extends Priced {
  readonly arm: string;
  /** Of the interval; the accuracy itself where none was measured. */
  readonly low: number;
  readonly high: number;
}

/** A strategy's arms, ascending in cost. */
export interface Line {
  readonly look: Look;
  readonly points: readonly Point[];
}

export interface Scene {
  readonly lines: readonly Line[];
  readonly unit: Unit;
  /** Of the x axis, then of the y axis. */
  readonly costs: readonly [number, number];
  readonly accuracies: readonly [number, number];
}

/** A logarithmic axis has no place for a cost of nothing, and an empty level has no accuracy. */
const drawable = ({ cost: at, accuracy }: Point): boolean => at > 0 && Number.isFinite(accuracy);

export function linesOf(
  looks: readonly Look[],
  points: readonly ArmPoint[],
  toPoint: (arm: ArmPoint) => Point,
): Line[] {
  const lines = looks.map((look) => {
    const own = points.filter(({ strategy }) => strategy === look.strategy).map(toPoint);
    return { look, points: own.filter(drawable).toSorted((a, b) => a.cost - b.cost) };
  });
  // AUTO is drawn last, over the others.
  const last = ({ look }: Line): number => Number(look.strategy === AUTO);
  return lines.filter((line) => line.points.length > 0).toSorted((a, b) => last(a) - last(b));
}

export function sceneOf(lines: readonly Line[], unit: Unit): Scene {
  const points = lines.flatMap((line) => line.points);
  const costs = points.map((point) => point.cost);
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  return {
    lines,
    unit,
    costs: [Math.min(...costs) / 1.15, Math.max(...costs) * 1.15],
    accuracies: [Math.max(0, low - 0.02), Math.min(1, high + 0.02)],
  };
}

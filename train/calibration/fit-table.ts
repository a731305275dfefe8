/** The table of a calibration: by budget when to stop, and by budget and difficulty what pays. */
import { mean, sum } from "#shared/stats.js";
import type { BudgetTier, CalibratedRow } from "#verifier/plan/calibration/calibration.js";
import type { Action } from "./actions.js";
import type { Station } from "./replay.js";

/**
 * What a whole budget costs, in accuracy: compute must pay for itself. Between two ways of equal accuracy the cheaper one
 * is taken, and all of the budget is spent only where it brings five points.
 */
export const PRICE = 0.05;
/**
 * What the problems of the bins beside it count for together when a row is chosen, in problems of its own. They are nearly
 * as hard, and where a bin has few problems the best of many ways on these alone would be the luck of the draw.
 */
export const NEIGHBOURS = 10;

const STOP_AT = [0.8, 0.9, 0.95, 0.98, 0.99];
const GIVE_UP_BELOW = [0, 0.02, 0.05, 0.1];
const THRESHOLDS = STOP_AT.flatMap((stopAt) => GIVE_UP_BELOW.map((giveUpBelow) => ({ stopAt, giveUpBelow })));

/** A station with a fit's confidence in its answer. */
export interface Stop extends Pick<Station, "correct" | "tokens"> {
  readonly confidence: number;
}

/** One replay of one problem. */
export interface Case {
  readonly problem: number;
  readonly bin: number;
  /** By action. */
  readonly stops: readonly (readonly Stop[])[];
}

export type Thresholds = Pick<BudgetTier, "stopAt" | "giveUpBelow">;

/** Where AUTO ends on a way. A run that would spend more than the budget is not begun. */
export function endOf(stops: readonly Stop[], { stopAt, giveUpBelow }: Thresholds, budget: number): Stop {
  const last = stops.findIndex(
    ({ confidence }, i) =>
      confidence >= stopAt ||
      confidence < giveUpBelow ||
      i === stops.length - 1 ||
      stops[i + 1]!.tokens > budget,
  );
  return stops[last]!;
}

/** `budgets`: ascending. `bins`: how many there are. */
export function fitTiers(
  cases: readonly Case[],
  actions: readonly Action[],
  bins: number,
  budgets: readonly number[],
): BudgetTier[] {
  const sources = sourcesOf(cases, bins);
  return budgets.map((tokens) => {
    const tried = THRESHOLDS.map((thresholds) => {
      const rows = sources.map((source) => bestRow(source, actions, thresholds, tokens));
      // Each problem by its own bin's row alone.
      const value = sum(
        cases.map(({ bin, stops }) => worth(endOf(stops[rows[bin]!.action]!, thresholds, tokens), tokens)),
      );
      return { thresholds, rows, value };
    });
    const { thresholds, rows } = tried.reduce((best, each) => (each.value > best.value ? each : best));
    return { tokens, ...thresholds, rows: rows.map(({ row }) => row) };
  });
}

const worth = ({ correct, tokens }: Stop, budget: number): number =>
  Number(correct) - (PRICE * tokens) / budget;

/** What the row of a bin is chosen on. */
interface Source {
  readonly own: readonly Case[];
  readonly near: readonly Case[];
}

function sourcesOf(cases: readonly Case[], bins: number): Source[] {
  return Array.from({ length: bins }, (_, bin) => {
    const own = cases.filter((each) => each.bin === bin);
    const near = cases.filter((each) => Math.abs(each.bin - bin) === 1);
    return own.length + near.length === 0 ? { own: cases, near } : { own, near };
  });
}

const problemsOf = (cases: readonly Case[]): number => new Set(cases.map(({ problem }) => problem)).size;

function meanOver({ own, near }: Source, value: (each: Case) => number): number {
  const count = problemsOf(own);
  if (near.length === 0) return mean(own.map(value));
  if (count === 0) return mean(near.map(value));
  return (count * mean(own.map(value)) + NEIGHBOURS * mean(near.map(value))) / (count + NEIGHBOURS);
}

function bestRow(
  source: Source,
  actions: readonly Action[],
  thresholds: Thresholds,
  budget: number,
): { readonly action: number; readonly row: CalibratedRow } {
  let best = { action: 0, value: -Infinity };
  for (const action of actions.keys()) {
    // What does not fit on average would mostly be cut short.
    const cost = meanOver(source, ({ stops }) => stops[action]!.at(-1)!.tokens);
    if (actions[action]!.runs.length > 0 && cost > budget) continue;
    const value = meanOver(source, ({ stops }) => worth(endOf(stops[action]!, thresholds, budget), budget));
    if (value > best.value) best = { action, value };
  }
  // Told of its own problems, where it has any.
  const cases = source.own.length > 0 ? source.own : source.near;
  const ends = cases.map(({ stops }) => endOf(stops[best.action]!, thresholds, budget));
  const row = {
    ...actions[best.action]!,
    accuracy: mean(ends.map(({ correct }) => Number(correct))),
    meanTokens: mean(ends.map(({ tokens }) => tokens)),
    problems: problemsOf(cases),
  };
  return { action: best.action, row };
}

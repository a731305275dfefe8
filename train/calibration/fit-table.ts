/** The table of a calibration: by budget when to stop, and by budget and difficulty what pays. */
import { mean, sum } from "#shared/stats.js";
import type { BudgetTier, CalibratedRow } from "#verifier/plan/calibration/calibration.js";
import type { Action, Opening } from "./actions.js";
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
export const NEIGHBOURS = 30;

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

/** Where AUTO ends on a way. A run that would spend more than the budget is not begun, unless it is the first. */
export function endOf(stops: readonly Stop[], { stopAt, giveUpBelow }: Thresholds, budget: number): Stop {
  for (const [i, stop] of stops.entries()) {
    const next = stops[i + 1];
    const { confidence } = stop;
    if (confidence >= stopAt || confidence < giveUpBelow || next === undefined || next.tokens > budget)
      return stop;
  }
  throw new Error("a way has at least one stop");
}

/** A first run that needs more than the budget would be cut short. */
export const isRight = ({ correct, tokens }: Stop, budget: number): boolean => correct && tokens <= budget;

/** An opening with the replays of all problems. */
export interface OpeningCases extends Opening {
  readonly cases: readonly Case[];
}

/** `budgets`: ascending. `bins`: how many there are. */
export function fitTiers(
  openings: readonly OpeningCases[],
  bins: number,
  budgets: readonly number[],
): BudgetTier[] {
  const binned = openings.map((opening) => toBinned(opening, bins));
  return budgets.map((tokens) => {
    const tried = binned.flatMap((opening) =>
      THRESHOLDS.map((thresholds) => fitTier(opening, thresholds, tokens)),
    );
    return tried.reduce((best, each) => (each.value > best.value ? each : best)).tier;
  });
}

interface BinnedCases extends OpeningCases {
  readonly bins: Bins;
  /** By action, by bin: mean tokens of the whole way. */
  readonly costs: readonly (readonly number[])[];
}

function toBinned(opening: OpeningCases, count: number): BinnedCases {
  const { actions, cases } = opening;
  const bins = binsOf(cases, count);
  const costs = actions.map((_, action) => {
    const totals = totalsOf(bins, cases, ({ stops }) => stops[action]!.at(-1)!.tokens);
    return totals.map((_total, bin) => pooled(bins, totals, bin));
  });
  return { ...opening, bins, costs };
}

function fitTier(
  { firstSamples, actions, cases, bins, costs }: BinnedCases,
  thresholds: Thresholds,
  tokens: number,
): { readonly tier: BudgetTier; readonly value: number } {
  const values = actions.map((_, action) =>
    totalsOf(bins, cases, ({ stops }) => worth(endOf(stops[action]!, thresholds, tokens), tokens)),
  );
  // What does not fit on average would mostly be cut short.
  const fits = (action: number, bin: number): boolean =>
    actions[action]!.runs.length === 0 || costs[action]![bin]! <= tokens;
  const chosen = bins.counts.map((_, bin) => {
    const worths = values.map((own, action) => (fits(action, bin) ? pooled(bins, own, bin) : -Infinity));
    // The narrowest, where none fits.
    return worths.indexOf(Math.max(...worths));
  });
  const rows = chosen.map((action, bin) => {
    const own = casesAround(bins, cases, bin);
    return toRow(actions[action]!, own, (each) => endOf(each.stops[action]!, thresholds, tokens), tokens);
  });
  // Each problem by its own bin's row alone.
  const value = sum(chosen.map((action, bin) => values[action]![bin]!));
  return { tier: { tokens, firstSamples, ...thresholds, rows }, value };
}

const worth = (end: Stop, budget: number): number =>
  Number(isRight(end, budget)) - (PRICE * end.tokens) / budget;

/** Per difficulty bin. */
interface Bins {
  /** Cases. */
  readonly counts: readonly number[];
  readonly problems: readonly number[];
}

function binsOf(cases: readonly Case[], bins: number): Bins {
  const own = Array.from({ length: bins }, (_, bin) => cases.filter((each) => each.bin === bin));
  return {
    counts: own.map(({ length }) => length),
    problems: own.map((each) => new Set(each.map(({ problem }) => problem)).size),
  };
}

/** Sums over the cases of each bin. */
function totalsOf({ counts }: Bins, cases: readonly Case[], value: (each: Case) => number): number[] {
  const totals = counts.map(() => 0);
  for (const each of cases) totals[each.bin]! += value(each);
  return totals;
}

/** The bins that tell of one: itself, where it holds anything, and those beside it; all, where there is none of these. */
function sourcesOf({ counts }: Bins, bin: number): { readonly own: number[]; readonly near: number[] } {
  const filled = (places: readonly number[]): number[] => places.filter((place) => (counts[place] ?? 0) > 0);
  const own = filled([bin]);
  const near = filled([bin - 1, bin + 1]);
  return { own, near: own.length + near.length > 0 ? near : filled([...counts.keys()]) };
}

/** A mean from the totals, as a row is chosen by it. */
function pooled(bins: Bins, totals: readonly number[], bin: number): number {
  const { counts, problems } = bins;
  const { own, near } = sourcesOf(bins, bin);
  const meanIn = (places: readonly number[]): number =>
    sum(places.map((place) => totals[place]!)) / sum(places.map((place) => counts[place]!));
  if (own.length === 0) return meanIn(near);
  if (near.length === 0) return meanIn(own);
  return (problems[bin]! * meanIn(own) + NEIGHBOURS * meanIn(near)) / (problems[bin]! + NEIGHBOURS);
}

/** The bin's own, where it has any. */
function casesAround(bins: Bins, cases: readonly Case[], bin: number): Case[] {
  const { own, near } = sourcesOf(bins, bin);
  const places = own.length > 0 ? own : near;
  return cases.filter((each) => places.includes(each.bin));
}

function toRow(
  action: Action,
  cases: readonly Case[],
  endIn: (each: Case) => Stop,
  budget: number,
): CalibratedRow {
  const ends = cases.map(endIn);
  return {
    ...action,
    accuracy: mean(ends.map((end) => Number(isRight(end, budget)))),
    meanTokens: mean(ends.map(({ tokens }) => tokens)),
    problems: new Set(cases.map(({ problem }) => problem)).size,
  };
}

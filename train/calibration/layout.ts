/**
 * What is recorded of every problem: a pool of samples, whose first k are what a search of k samples would have had, one
 * DVTS, whose first j subtrees are what one of j subtrees would have had, of every other search one Solve per width, and
 * the greedy answer.
 */
import { strategies, usesBeamWidth } from "#verifier/search/strategies.js";
import type { StrategyName } from "#verifier/search/types.js";
import { TABLE_BEAM_WIDTH } from "#verifier/plan/table.js";
import { type ArmSpec, GREEDY_ARM } from "../strategies/arm.js";
import { doublings } from "../strategies/ladder.js";

export interface SearchSpec {
  readonly strategy: StrategyName;
  readonly n: number;
  /** 1 where it means nothing. */
  readonly beamWidth: number;
}

export interface Layout {
  readonly samples: number;
  /** Of DVTS the widest alone. */
  readonly searches: readonly SearchSpec[];
  /** Partial solutions of the searches that score below it are dropped; the samples are whole. */
  readonly rejectBelow: number;
}

/** As the command line writes it. */
const toWord = (strategy: StrategyName): string => strategy.replaceAll("_", "-");

/** Searches that a layout may have, by their words. */
export const SEARCHES: ReadonlyMap<string, StrategyName> = new Map(
  Object.values(strategies)
    .filter(({ until, scored }) => until === "step" && scored)
    .map(({ name }) => [toWord(name), name]),
);

/** `widths`: multiples of the beam width, so that every search can have each of them. */
export function createLayout(
  samples: number,
  searches: readonly StrategyName[],
  widths: readonly number[],
  rejectBelow = 0,
): Layout {
  const ascending = widths.toSorted((a, b) => a - b);
  return {
    samples,
    rejectBelow,
    searches: searches.flatMap((strategy) =>
      (strategy === "dvts" ? ascending.slice(-1) : ascending).map((n) => ({
        strategy,
        n,
        beamWidth: usesBeamWidth(strategy) ? TABLE_BEAM_WIDTH : 1,
      })),
    ),
  };
}

export const nameOf = ({ strategy, n }: SearchSpec): string => `${toWord(strategy)}@${n}`;

/** The pool first, greedy last. */
export function armsOf({ samples, searches, rejectBelow }: Layout): ArmSpec[] {
  const pool = { strategy: "bon", name: `bon@${samples}`, n: samples };
  return [
    pool,
    ...searches.map((search) => ({
      strategy: toWord(search.strategy),
      name: nameOf(search),
      n: search.n,
      ...(search.beamWidth > 1 && { beamWidth: search.beamWidth }),
      ...(rejectBelow > 0 && { rejectBelow }),
    })),
    GREEDY_ARM,
  ];
}

/** 1, 2, 4, ... and `last`. */
export const sizesUpTo = (first: number, last: number): number[] => [...doublings(first, last - 1), last];

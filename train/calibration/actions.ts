/**
 * What AUTO may begin with, and what may follow, as far as the recorded Solves can tell how it would have gone.
 */
import type { CalibratedRow } from "#verifier/plan/calibration/calibration.js";
import type { Layout, SearchSpec } from "./layout.js";

export type Action = Pick<CalibratedRow, "strategy" | "beamWidth" | "runs">;

/** So many first samples, and everything that could come after them. */
export interface Opening {
  /** 0: the prompt alone tells how hard the problem is. */
  readonly firstSamples: number;
  /** The narrowest first: of equally good ones the first is taken. */
  readonly actions: readonly Action[];
}

const FIRST_SAMPLES = [0, 1, 2, 4];
export const MOST_FIRST_SAMPLES = FIRST_SAMPLES.at(-1)!;

/** `hasPrompts`: whether the states of all prompts are known. */
export function openingsOf(layout: Layout, hasPrompts: boolean): Opening[] {
  const counts = hasPrompts ? FIRST_SAMPLES : FIRST_SAMPLES.filter((samples) => samples > 0);
  return counts.map((firstSamples) => ({ firstSamples, actions: actionsOf(layout, firstSamples) }));
}

function actionsOf({ samples, searches }: Layout, firstSamples: number): Action[] {
  const runs = (strategy: Action["strategy"], beamWidth: number, all: readonly (readonly number[])[]) =>
    all.map((own) => ({ strategy, beamWidth, runs: own }));
  const names = [...new Set(searches.map(({ strategy }) => strategy))];
  const byStrategy = names.flatMap((name) => {
    const own = searches.filter(({ strategy }) => strategy === name);
    return runs(name, own[0]!.beamWidth, name === "dvts" ? subtreeRuns(own[0]!) : chains(own));
  });
  const more = sampleRuns(firstSamples, samples);
  return [
    // Without first samples something has to run, and who has drawn some is past the greedy answer.
    ...(firstSamples > 0 ? runs("best_of_n", 1, [[]]) : runs("greedy", 1, [[1]])),
    ...runs("best_of_n", 1, more),
    ...runs("majority", 1, more),
    ...byStrategy,
  ].toSorted((a, b) => candidatesOf(a, firstSamples) - candidatesOf(b, firstSamples));
}

/** That vote side by side: the first samples are of the same kind as further ones, but not as those of a search. */
export function candidatesOf({ strategy, runs }: Action, firstSamples: number): number {
  const own = strategy === "best_of_n" || strategy === "majority" ? firstSamples : 0;
  return runs.reduce((sum, run) => sum + run, own);
}

/** To the next power of two, and as many again after each look: from 4 [4], [4, 8], ...; from 0 [1], [1, 1], [1, 1, 2], ... */
function sampleRuns(firstSamples: number, samples: number): number[][] {
  const found: number[][] = [];
  let drawn = firstSamples;
  for (let next = Math.max(1, 2 * drawn); next <= samples; next *= 2) {
    found.push([...(found.at(-1) ?? []), next - drawn]);
    drawn = next;
  }
  return found;
}

/** Of the same kind, from every first width. */
function subtreeRuns({ n, beamWidth }: SearchSpec): number[][] {
  const found: number[][] = [];
  for (let first = beamWidth; first <= n; first *= 2) {
    let own = [first];
    for (let grown = first; grown <= n; grown *= 2) {
      found.push(own);
      own = [...own, grown];
    }
  }
  return found;
}

/** A search, and after it wider ones: every stretch of the widths. */
function chains(searches: readonly SearchSpec[]): number[][] {
  const widths = searches.map(({ n }) => n);
  return widths.flatMap((_, from) =>
    widths.slice(from).map((_width, length) => widths.slice(from, from + length + 1)),
  );
}

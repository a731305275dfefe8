/** What may follow AUTO's first samples, as far as the recorded Solves can tell how it would have gone. */
import type { CalibratedRow } from "#verifier/plan/calibration/calibration.js";
import { FIRST_SAMPLES } from "#verifier/plan/table.js";
import type { Layout, SearchSpec } from "./layout.js";

export type Action = Pick<CalibratedRow, "strategy" | "beamWidth" | "runs">;

/** The narrowest first: of equally good ones the first is taken. */
export function actionsOf({ samples, searches }: Layout): Action[] {
  const runs = (strategy: Action["strategy"], beamWidth: number, all: readonly (readonly number[])[]) =>
    all.map((own) => ({ strategy, beamWidth, runs: own }));
  const names = [...new Set(searches.map(({ strategy }) => strategy))];
  const byStrategy = names.flatMap((name) => {
    const own = searches.filter(({ strategy }) => strategy === name);
    return runs(name, own[0]!.beamWidth, name === "dvts" ? subtreeRuns(own[0]!) : chains(own));
  });
  return [...runs("best_of_n", 1, sampleRuns(samples)), ...byStrategy].toSorted(
    (a, b) => candidatesOf(a) - candidatesOf(b),
  );
}

/** That vote side by side: the first samples are of the same kind as further ones, but not as those of a search. */
export function candidatesOf({ strategy, runs }: Action): number {
  return runs.reduce((sum, run) => sum + run, strategy === "best_of_n" ? FIRST_SAMPLES : 0);
}

/** As many samples again, after each look: [], [4], [4, 8], ... */
function sampleRuns(samples: number): number[][] {
  const found: number[][] = [[]];
  for (let drawn = FIRST_SAMPLES; 2 * drawn <= samples; drawn *= 2) found.push([...found.at(-1)!, drawn]);
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

/** The order in which a group's unfinished paths stand before its strategy. Pure. */
import { fuse, type Fusion } from "./fusion.js";
import { duplicateKey, type Path, scorePairOf, valueOf } from "./path.js";
import type { Aggregation, SearchPlan } from "./types.js";

interface ValuedPath {
  readonly path: Path;
  /** In [0, 1]; undefined when unscored. */
  readonly value: number | undefined;
}

/** The best of equal texts. */
export interface RankedPath extends ValuedPath {
  /** How many of the round's candidates have its text, itself included. */
  readonly copies: number;
}

/** Below every value: nothing unscored may stand before what was scored. */
const UNKNOWN = -1;

export interface Ranking {
  /** Best first; ties to the lower node id, so that arrival times never decide. */
  readonly distinct: readonly RankedPath[];
  /** Paths whose text a better one already has. */
  readonly duplicates: readonly Path[];
}

/** With `fusion` the paths are compared with each other, before equal texts become one. */
export function rankPaths(paths: Iterable<Path>, aggregation: Aggregation, fusion?: Fusion): Ranking {
  const inOrder = [...paths].sort((a, b) => a.nodeId - b.nodeId);
  const values =
    fusion === undefined
      ? inOrder.map((path) => valueOf(path, aggregation))
      : fuse(
          fusion,
          inOrder.map((path) => scorePairOf(path, aggregation)),
        );
  const valued = inOrder.map((path, i) => ({ path, value: values[i] }));
  valued.sort((a, b) => (b.value ?? UNKNOWN) - (a.value ?? UNKNOWN) || a.path.nodeId - b.path.nodeId);
  const byText = new Map<string, ValuedPath[]>();
  for (const each of valued) {
    const key = duplicateKey(each.path);
    const same = byText.get(key);
    if (same === undefined) byText.set(key, [each]);
    else same.push(each);
  }
  const groups = [...byText.values()];
  return {
    distinct: groups.map((same) => ({ ...same[0]!, copies: same.length })),
    duplicates: groups.flatMap((same) => same.slice(1).map(({ path }) => path)),
  };
}

/**
 * Without those that the verifier believes in less than the plan asks for. Where these are all, the best goes on as one
 * candidate, so that there is an answer in the end, and is told to be weak.
 */
export function rejectWeak(
  ranked: readonly RankedPath[],
  { rejectBelow, aggregation }: Pick<SearchPlan, "rejectBelow" | "aggregation">,
): { readonly kept: readonly (RankedPath & { readonly isWeak: boolean })[]; readonly weak: readonly Path[] } {
  const judged = ranked.map((each) => ({
    ...each,
    isWeak: (valueOf(each.path, aggregation) ?? Infinity) < rejectBelow,
  }));
  const strong = judged.filter(({ isWeak }) => !isWeak);
  const [best, ...others] = judged;
  const pathsOf = (all: typeof judged): Path[] => all.map(({ path }) => path);
  if (best === undefined || strong.length > 0)
    return { kept: strong, weak: pathsOf(judged.filter(({ isWeak }) => isWeak)) };
  return { kept: [{ ...best, copies: 1 }], weak: pathsOf(others) };
}

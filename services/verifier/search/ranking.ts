/** The order in which a group's unfinished paths stand before its strategy. Pure. */
import { duplicateKey, type Path, valueOf } from "./path.js";
import type { Aggregation } from "./types.js";

export interface Ranking {
  /** Best first; ties to the lower node id, so that arrival times never decide. */
  readonly distinct: readonly Path[];
  /** Paths whose text a better one already has. */
  readonly duplicates: readonly Path[];
}

export function rankPaths(paths: Iterable<Path>, aggregation: Aggregation): Ranking {
  const valued = [...paths].map((path) => ({ path, value: valueOf(path, aggregation) ?? 0 }));
  valued.sort((a, b) => b.value - a.value || a.path.nodeId - b.path.nodeId);
  const seen = new Set<string>();
  const distinct: Path[] = [];
  const duplicates: Path[] = [];
  for (const { path } of valued) {
    const key = duplicateKey(path);
    (seen.has(key) ? duplicates : distinct).push(path);
    seen.add(key);
  }
  return { distinct, duplicates };
}

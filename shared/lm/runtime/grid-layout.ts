/** How rows of several prompts are laid out as equal groups, each of one prompt. Counts only, no tensors. */

export interface GridLayout {
  readonly groups: number;
  /** Slots of each group. */
  readonly rows: number;
}

export const slotCount = ({ groups, rows }: GridLayout): number => groups * rows;

/** Slots without a row that are computed all the same, as a share of the rows. */
const PADDING = 1.25;
/** Slots beyond the best layout that are borne before everything is laid out anew. */
const SLACK = 1.125;

/**
 * The layout for prompts with `counts` rows each (all positive, at least one prompt). One prompt fits exactly. Several
 * are cut into groups of a power of two, as large as the padding of their last groups allows: each group has a copy of
 * its prompt's prefix.
 */
export function planGrid(counts: readonly number[]): GridLayout {
  if (counts.length === 1) return { groups: 1, rows: counts[0]! };
  const total = counts.reduce((sum, count) => sum + count, 0);
  let rows = 2 ** Math.ceil(Math.log2(Math.max(...counts)));
  const groupsOf = (size: number): number => counts.reduce((sum, count) => sum + Math.ceil(count / size), 0);
  while (rows > 1 && groupsOf(rows) * rows > total * PADDING) rows /= 2;
  return { groups: groupsOf(rows), rows };
}

/** Whether rows that would fit in `best` may stay in `current`. */
export function isTightEnough(current: GridLayout, best: GridLayout): boolean {
  return slotCount(current) <= slotCount(best) * SLACK;
}

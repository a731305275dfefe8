/**
 * Which row is in which slot of which grid. Rows are put in place before a step: into free slots where they fit, or,
 * when that would waste too much or lack room, into a new grid.
 */
import type { KvSegment } from "../types.js";
import { isTightEnough, planGrid } from "./grid-layout.js";
import { type KvBlock, type KvShape, roundUpToBucket } from "./kv-block.js";
import { SuffixGrid } from "./suffix-grid.js";

export interface Row {
  readonly prefix: KvBlock;
  /** The keys and values that the row began with; in its slot once it has one. */
  readonly path: readonly KvSegment[];
  /** Tokens behind the prefix. */
  length: number;
  slot: number | undefined;
}

/** How much longer than its longest row a grid may be before everything is laid out anew. */
const CAPACITY_SLACK = 2;

type HasPrefix = Pick<Row, "prefix">;

function groupByPrefix<R extends HasPrefix>(rows: readonly R[]): R[][] {
  const groups = new Map<KvBlock, R[]>();
  for (const row of rows) {
    const members = groups.get(row.prefix);
    if (members === undefined) groups.set(row.prefix, [row]);
    else members.push(row);
  }
  return [...groups.values()];
}

/** How many rows each prefix has. */
export const countByPrefix = (rows: readonly HasPrefix[]): number[] =>
  groupByPrefix(rows).map((members) => members.length);

export class SlotTable {
  readonly #shape: KvShape;
  #grid: SuffixGrid;
  #slots: (Row | undefined)[] = [];
  #groups: KvBlock[] = [];

  constructor(shape: KvShape) {
    this.#shape = shape;
    this.#grid = new SuffixGrid(shape, { groups: 0, rows: 0 }, 0);
  }

  get grid(): SuffixGrid {
    return this.#grid;
  }

  /** The prefix of each group. */
  get groups(): readonly KvBlock[] {
    return this.#groups;
  }

  /** Puts all of `rows`, at least one, in slots with room for `tokens` tokens. No other row may have a slot. */
  settle(rows: readonly Row[], tokens: number): void {
    const best = planGrid(countByPrefix(rows));
    const { capacity, layout } = this.#grid;
    const fits = tokens <= capacity && capacity <= CAPACITY_SLACK * roundUpToBucket(tokens);
    if (
      fits &&
      isTightEnough(layout, best) &&
      rows.every((row) => row.slot !== undefined || this.#place(row))
    )
      return;
    this.#rebuild(rows, roundUpToBucket(tokens));
  }

  free(row: Row): void {
    if (row.slot === undefined) return;
    this.#slots[row.slot] = undefined;
    row.slot = undefined;
  }

  /** Finds a free slot in a group of the row's prompt, or in one without rows. */
  #place(row: Row): boolean {
    const { rows } = this.#grid.layout;
    const members = (group: number): (Row | undefined)[] =>
      this.#slots.slice(group * rows, (group + 1) * rows);
    let group = this.#groups.findIndex(
      (prefix, i) => prefix === row.prefix && members(i).includes(undefined),
    );
    if (group < 0)
      group = this.#groups.findIndex((_, i) => members(i).every((member) => member === undefined));
    if (group < 0) return false;
    this.#groups[group] = row.prefix;
    const slot = group * rows + members(group).indexOf(undefined);
    this.#grid.clear(slot);
    this.#fill(row, slot);
    return true;
  }

  #fill(row: Row, slot: number): void {
    let at = 0;
    for (const segment of row.path) {
      this.#grid.write(slot, at, segment);
      at += segment.tokenCount;
    }
    this.#take(row, slot);
  }

  #take(row: Row, slot: number): void {
    row.slot = slot;
    this.#slots[slot] = row;
  }

  #rebuild(rows: readonly Row[], capacity: number): void {
    const layout = planGrid(countByPrefix(rows));
    const old = this.#grid;
    this.#grid = new SuffixGrid(this.#shape, layout, capacity);
    this.#slots = Array.from({ length: layout.groups * layout.rows }, () => undefined);
    this.#groups = [];
    for (const members of groupByPrefix(rows)) {
      // A prompt's rows fill whole groups; the next prompt begins a new one.
      for (const [i, row] of members.entries()) {
        if (i % layout.rows === 0) this.#groups.push(row.prefix);
        const slot = (this.#groups.length - 1) * layout.rows + (i % layout.rows);
        if (row.slot === undefined) this.#fill(row, slot);
        else {
          this.#grid.copyFrom(old, row.slot, slot, row.length);
          this.#take(row, slot);
        }
      }
    }
  }
}

/** Rows that decode together. Admission only notes a row; it gets its slot before the next step. */
import type { ModelConfig } from "../checkpoint/config.js";
import type { KvSegment, RowBatch, RowInput, RowOutput } from "../types.js";
import { assertFits, assertTokenIds, assertWanted } from "./checks.js";
import { runInChunks } from "./chunks.js";
import { planGrid, slotCount } from "./grid-layout.js";
import { kvBytesPerToken, type KvShape, lastTokens, padToBucket, roundUpToBucket } from "./kv-block.js";
import { PrefixSet } from "./prefix-set.js";
import { countByPrefix, type Row, SlotTable } from "./slot-table.js";
import type { StepRunner } from "./step-runner.js";

export class GridRowBatch implements RowBatch {
  readonly #runner: StepRunner;
  readonly #config: ModelConfig;
  readonly #shape: KvShape;
  readonly #prefixes: PrefixSet;
  readonly #table: SlotTable;
  readonly #rows = new Map<number, Row>();
  #nextRow = 0;
  #stepping = false;

  constructor(runner: StepRunner, config: ModelConfig, shape: KvShape) {
    this.#runner = runner;
    this.#config = config;
    this.#shape = shape;
    this.#prefixes = new PrefixSet(shape);
    this.#table = new SlotTable(shape);
  }

  get rowCount(): number {
    return this.#rows.size;
  }

  get byteLength(): number {
    return this.#bytesOf([...this.#rows.values()]);
  }

  byteLengthWith(prefix: KvSegment, tokenCount: number): number {
    const row = { prefix: padToBucket(this.#shape, prefix), length: tokenCount };
    return this.#bytesOf([...this.#rows.values(), row]);
  }

  byteLengthAfter(tokenCount: number): number {
    return this.#bytesOf(
      [...this.#rows.values()].map(({ prefix, length }) => ({ prefix, length: length + tokenCount })),
    );
  }

  /** The slots of the best layout, and the copies of prefixes that several groups need. */
  #bytesOf(rows: readonly Pick<Row, "prefix" | "length">[]): number {
    if (rows.length === 0) return 0;
    const layout = planGrid(countByPrefix(rows));
    const capacity = roundUpToBucket(Math.max(1, ...rows.map(({ length }) => length)));
    const prefix = layout.groups === 1 ? 0 : Math.max(...rows.map((row) => row.prefix.capacity));
    return (slotCount(layout) * capacity + layout.groups * prefix) * kvBytesPerToken(this.#shape);
  }

  admit(prefix: KvSegment, path: readonly KvSegment[]): number {
    const length = path.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    assertFits(prefix.tokenCount + length, this.#config);
    const row = { prefix: padToBucket(this.#shape, prefix), path, length, slot: undefined };
    this.#rows.set(this.#nextRow, row);
    return this.#nextRow++;
  }

  async step(inputs: readonly RowInput[]): Promise<readonly RowOutput[]> {
    if (this.#stepping) throw new Error("a step must end before the next begins");
    if (inputs.length === 0) return [];
    const rows = inputs.map((input) => this.#check(input));
    if (new Set(rows).size < rows.length) throw new Error("a row must be named once in a step");
    this.#stepping = true;
    try {
      return await this.#run(rows, inputs);
    } finally {
      this.#stepping = false;
    }
  }

  #check({ row: id, tokenIds, wanted }: RowInput): Row {
    const row = this.#row(id);
    assertTokenIds(tokenIds, this.#config);
    assertWanted(wanted, this.#config);
    assertFits(row.prefix.tokenCount + row.length + tokenIds.length, this.#config);
    return row;
  }

  async #run(rows: readonly Row[], inputs: readonly RowInput[]): Promise<RowOutput[]> {
    const longest = Math.max(
      ...[...this.#rows.values()].map(({ length }) => length),
      ...rows.map(({ length }, i) => length + inputs[i]!.tokenIds.length),
    );
    this.#table.settle([...this.#rows.values()], longest);
    const { grid, groups } = this.#table;
    const outputs = await runInChunks(
      this.#runner,
      { grid, groups, prefixes: this.#prefixes, isPrompt: false },
      inputs.map(({ tokenIds, wanted }, i) => ({
        slot: rows[i]!.slot!,
        length: rows[i]!.length,
        tokenIds,
        wanted,
      })),
    );
    // A row that was released meanwhile no longer matters; its slot is only given away by the next step.
    for (const [i, row] of rows.entries()) row.length += inputs[i]!.tokenIds.length;
    return inputs.map(({ row }, i) => ({ row, ...outputs[i]! }));
  }

  take(id: number, tokenCount: number): KvSegment {
    const row = this.#row(id);
    if (!(tokenCount > 0 && tokenCount <= row.length))
      throw new Error(`row ${id} has ${row.length} tokens of its own, ${tokenCount} were asked for`);
    if (row.slot === undefined) return lastTokens(this.#shape, row.path, tokenCount);
    return this.#table.grid.read(row.slot, row.length - tokenCount, tokenCount);
  }

  release(id: number): void {
    this.#table.free(this.#row(id));
    this.#rows.delete(id);
  }

  #row(id: number): Row {
    const row = this.#rows.get(id);
    if (row === undefined) throw new Error(`there is no row ${id}`);
    return row;
  }
}

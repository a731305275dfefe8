/** The rows that run: each has a slot in the model's batch, and the slots' bytes are on the books. Knows no queue. */
import assert from "node:assert/strict";
import type { KvSegment, LanguageModel, RowBatch, RowInput, RowOutput } from "#shared/lm/types.js";
import type { MemoryAccountant } from "./memory-accountant.js";
import type { Row } from "./row.js";
import { pathTo } from "./tree.js";

export class RunningRows {
  readonly #model: LanguageModel;
  readonly #accountant: MemoryAccountant;
  readonly #rows = new Set<Row>();
  #batch: RowBatch;

  constructor(model: LanguageModel, accountant: MemoryAccountant) {
    this.#model = model;
    this.#accountant = accountant;
    this.#batch = model.createBatch();
  }

  get size(): number {
    return this.#rows.size;
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.#rows.values();
  }

  has(row: Row): boolean {
    return this.#rows.has(row);
  }

  /** Bytes more that the slots would take with this row and its next token. */
  bytesToAdmit(row: Row): number {
    return Math.max(
      0,
      this.#batch.byteLengthWith(prefixOf(row), row.pathTokens + 1) - this.#batch.byteLength,
    );
  }

  /** At most so many bytes more will the slots take when every row draws and runs one more token. */
  bytesToRun(): number {
    return this.#batch.byteLengthAfter(1) - this.#batch.byteLength;
  }

  /** Gives the row a slot that starts with its path's keys and values. */
  admit(row: Row): void {
    const path = pathTo(row.node).slice(0, -1);
    row.slot = this.#batch.admit(
      prefixOf(row),
      path.map((node) => node.kv!),
    );
    this.#rows.add(row);
    this.#book();
  }

  /** Runs the rows' last tokens in one step of the model. The outputs come in the order of the rows. */
  async run(rows: readonly Row[]): Promise<readonly RowOutput[]> {
    const inputs = rows.map((row): RowInput => {
      row.session.usage.ran(1, row.contextTokens - 1);
      return { row: row.slot!, tokenIds: row.tokenIds.slice(-1), wanted: row.wanted! };
    });
    const outputs = await this.#batch.step(inputs);
    this.#book();
    return outputs;
  }

  /** A copy of the keys and values of the row's step. */
  take(row: Row): KvSegment {
    return this.#batch.take(row.slot!, row.tokenIds.length);
  }

  /** The slot goes on with the next step of the same path. */
  handOver(row: Row, next: Row): void {
    next.slot = row.slot;
    row.slot = undefined;
    this.#rows.delete(row);
    this.#rows.add(next);
  }

  release(row: Row): void {
    this.#batch.release(row.slot!);
    row.slot = undefined;
    this.#rows.delete(row);
    // Buffers that a batch keeps for its next rows are not worth holding when there are none.
    if (this.#rows.size === 0 && this.#batch.byteLength > 0) this.#batch = this.#model.createBatch();
    this.#book();
  }

  /** For tests: returns the slots' bytes. Throws an AssertionError when rows and slots differ. */
  checkIntegrity(): number {
    assert.equal(this.#batch.rowCount, this.#rows.size, "each running row has a slot");
    assert.equal(
      new Set([...this.#rows].map((row) => row.slot)).size,
      this.#rows.size,
      "and no other row has it",
    );
    for (const row of this.#rows)
      assert.equal(row.session.over, false, "the session of a running row is open");
    return this.#batch.byteLength;
  }

  #book(): void {
    this.#accountant.setSlots(this.#batch.byteLength);
  }
}

function prefixOf(row: Row): KvSegment {
  const { kv } = row.session.tree.root;
  assert(kv !== undefined, "a session with rows has its prompt");
  return kv;
}

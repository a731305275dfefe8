import { expect, test } from "vitest";
import { emptyPrefix } from "#shared/lm/runtime/kv-block.js";
import { type Row, SlotTable } from "#shared/lm/runtime/slot-table.js";

const shape = { layers: 1, kvHeads: 1, headDim: 2 };
const prefix = emptyPrefix(shape);
const segment = (tokenCount: number, value: number) => ({
  tokenCount,
  byteLength: 16 * tokenCount,
  data: new Float32Array(4 * tokenCount).fill(value),
});
const row = (tokenCount: number, value: number): Row => ({
  prefix,
  path: [segment(tokenCount, value)],
  length: tokenCount,
  slot: undefined,
});

test("the room of a long row is given back after it has left, and the others keep what they have", () => {
  const table = new SlotTable(shape);
  const rows = Array.from({ length: 16 }, (_, i) => row(10 + i, i));
  const long = row(1000, 99);
  table.settle([...rows, long], 1001);
  expect(table.grid.capacity).toBe(1024);
  table.free(long);
  table.settle(rows, 26);
  expect(table.grid.capacity).toBe(64);
  for (const [i, { slot, length }] of rows.entries())
    expect(table.grid.read(slot!, 0, length).data).toEqual(segment(length, i).data);
});

test("a grid with a little too much room stays", () => {
  const table = new SlotTable(shape);
  const rows = Array.from({ length: 16 }, (_, i) => row(10 + i, i));
  const long = row(100, 99);
  table.settle([...rows, long], 101);
  const { grid } = table;
  table.free(long);
  table.settle(rows, 26);
  expect(table.grid).toBe(grid);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { isTightEnough, planGrid, slotCount } from "#shared/lm/runtime/grid-layout.js";

test.each([
  [[1], { groups: 1, rows: 1 }],
  [[13], { groups: 1, rows: 13 }],
  [[16, 16], { groups: 2, rows: 16 }],
  [[16, 4], { groups: 3, rows: 8 }],
  [[15, 14], { groups: 2, rows: 16 }],
  [[5, 3], { groups: 5, rows: 2 }],
  [[1, 1, 1], { groups: 3, rows: 1 }],
] as const)("rows by prompt %j make %j", (counts, layout) => {
  expect(planGrid(counts)).toEqual(layout);
});

test("has a slot for every row and at most a quarter more", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }), (counts) => {
      const { groups, rows } = planGrid(counts);
      const total = counts.reduce((sum, count) => sum + count, 0);
      expect(groups).toBe(counts.reduce((sum, count) => sum + Math.ceil(count / rows), 0));
      expect(groups * rows).toBeLessThanOrEqual(Math.max(total, total * 1.25));
    }),
  );
});

test("bears one empty slot in nine", () => {
  const eight = planGrid([8]);
  expect(isTightEnough({ groups: 1, rows: 9 }, eight)).toBe(true);
  expect(isTightEnough({ groups: 1, rows: 10 }, eight)).toBe(false);
  expect(slotCount({ groups: 3, rows: 4 })).toBe(12);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compact, listed, signed } from "#train/strategies/report/formats.js";
import { spread } from "#train/strategies/report/labels.js";
import { logTicks } from "#train/strategies/report/log-ticks.js";
import { AUTO, looksOf, NUM_COLORS } from "#train/strategies/report/look.js";
import { paretoFront, type Priced } from "#train/strategies/report/pareto.js";
import { fakeReport } from "../../../../fakes/strategies-report.js";

describe("paretoFront()", () => {
  const beats = (a: Priced, b: Priced): boolean =>
    a.cost <= b.cost && a.accuracy >= b.accuracy && (a.cost < b.cost || a.accuracy > b.accuracy);
  // Few values, so that ties are common.
  const point = fc.record({ cost: fc.integer({ min: 1, max: 6 }), accuracy: fc.integer({ min: 0, max: 6 }) });

  test("is empty for no points", () => expect(paretoFront([])).toEqual([]));

  test("holds each unbeaten point once, ascending in both", () => {
    fc.assert(
      fc.property(fc.array(point), (points) => {
        const unbeaten = points.filter((each) => !points.some((other) => beats(other, each)));
        const distinct = new Map(unbeaten.map((each) => [each.cost, each]));
        const expected = [...distinct.values()].toSorted((a, b) => a.cost - b.cost);
        expect(paretoFront(points)).toEqual(expected);
      }),
    );
  });
});

describe("spread()", () => {
  test("leaves labels alone that have room", () => {
    expect(spread([5, 1, 3], 1, 0, 10)).toEqual([5, 1, 3]);
  });

  test("keeps the order, the gap and the range", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 12, noNaN: true }), { maxLength: 10 }), (wanted) => {
        const places = spread(wanted, 1, 0, 10);
        const sorted = places.toSorted((a, b) => a - b);
        for (const [i, place] of sorted.entries()) {
          expect(place).toBeGreaterThanOrEqual(-1e-9);
          expect(place).toBeLessThanOrEqual(10 + 1e-9);
          if (i > 0) expect(place - sorted[i - 1]!).toBeGreaterThanOrEqual(1 - 1e-9);
        }
        for (const [i, a] of wanted.entries())
          for (const [j, b] of wanted.entries()) if (a < b) expect(places[i]!).toBeLessThan(places[j]!);
      }),
    );
  });

  test("goes closer than the gap when there are too many", () => {
    expect(spread([9, 9, 9], 8, 0, 10)).toEqual([0, 5, 10]);
  });
});

describe("logTicks()", () => {
  test.each([
    [300, 27_000, 10, [500, 1000, 2000, 5000, 10_000, 20_000]],
    [300, 27_000, 5, [1000, 10_000]],
    [0.4, 12, 10, [0.5, 1, 2, 5, 10]],
    [270, 360, 10, [280, 300, 320, 340, 360]],
    [1e3, 1e12, 6, [1e3, 1e6, 1e9, 1e12]],
  ])("from %d to %d, %d at most", (low, high, most, ticks) => {
    expect(logTicks(low, high, most)).toEqual(ticks);
  });
});

describe("looksOf()", () => {
  const strategies = [AUTO, "oracle", ...Array.from({ length: 20 }, (_, i) => `s${i}`)];
  const looks = looksOf({ ...fakeReport(), strategies, bounds: ["oracle"] });

  test("no two strategies look the same", () => {
    expect(new Set(looks.map(({ color, dash }) => `${color} ${dash}`)).size).toBe(strategies.length);
  });

  test("dashes begin where the colours end", () => {
    const dashed = looks.filter(({ bound, dash }) => !bound && dash !== "none");
    expect(dashed).toHaveLength(20 - NUM_COLORS);
  });

  test("AUTO's line is the widest", () => {
    const widest = looks.toSorted((a, b) => b.width - a.width)[0]!;
    expect(widest.strategy).toBe(AUTO);
  });
});

test.each([
  [0, "0"],
  [0.25, "0.25"],
  [999.9, "1k"],
  [12_345, "12.3k"],
  [3.21e12, "3.21T"],
  [5e21, "5000E"],
])("compact(%d) is %s", (value, text) => expect(compact(value)).toBe(text));

test("signed() has a true minus and no sign for nothing", () => {
  expect([signed(1.25, 1), signed(-3, 1), signed(-0.01, 1)]).toEqual(["+1.3", "−3.0", "0.0"]);
});

test("listed() reads as a sentence does", () => {
  expect([listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])]).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
  ]);
});

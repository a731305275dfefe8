import { describe, expect, test } from "vitest";
import { integerBetween, numberBetween, parseCount, parseDurationMs } from "#cli/parse/numbers.js";

describe("a count", () => {
  test.each([
    ["1", 1],
    ["500", 500],
    ["20k", 20_000],
    ["1.5m", 1_500_000],
    ["1.1k", 1_100],
    ["2G", 2_000_000_000],
  ])("%s is %d", (text, value) => expect(parseCount(text)).toBe(value));

  test.each(["", "0", "-5", "NaN", "Infinity", "1e4", "20 k", "20kb", "1.5", "0.0001k", "99999999t", "0x10"])(
    "refuses %j",
    (text) => expect(() => parseCount(text)).toThrow(/positive whole number, such as 500, 20k/),
  );
});

describe("a time", () => {
  test.each([
    ["30s", 30_000],
    ["30", 30_000],
    ["500ms", 500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["0.5s", 500],
  ])("%s is %d ms", (text, value) => expect(parseDurationMs(text)).toBe(value));

  test.each(["", "0", "-1s", "NaN", "25h", "30 sec", "s", "0.1ms"])("refuses %j", (text) =>
    expect(() => parseDurationMs(text)).toThrow(/time from 1ms to 24h/),
  );
});

test.each(["0", "257", "-1", "4.5", "four", "", "NaN", "1e2"])(
  "a whole number from 1 to 256 is not %j",
  (text) => expect(() => integerBetween(1, 256)(text)).toThrow("a whole number from 1 to 256"),
);

test("a score may exclude 1", () => {
  const parse = numberBetween(0, 1, { openAbove: true });
  expect(parse("0")).toBe(0);
  expect(parse("0.05")).toBe(0.05);
  for (const text of ["1", "-0.1", "NaN", ""]) expect(() => parse(text)).toThrow("from 0 and below 1");
});

test("a probability may exclude 0", () => {
  const parse = numberBetween(0, 1, { openBelow: true });
  expect(parse("0.9")).toBe(0.9);
  expect(parse("1")).toBe(1);
  for (const text of ["0", "1.01", "NaN", "", "-0.5", "half"])
    expect(() => parse(text)).toThrow("above 0 and at most 1");
});

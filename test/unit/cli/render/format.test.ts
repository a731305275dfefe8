import { expect, test } from "vitest";
import { bar, compactNumber, duration, percent, plural, score } from "#cli/render/format.js";
import { flops } from "#cli/render/result-lines.js";

test("large numbers have at most three digits", () => {
  const shown = [0, 7, 999, 1000, 9_940, 9_960, 35_400, 999_499, 999_500, 4.6e9, 2e13].map(compactNumber);
  expect(shown).toEqual(["0", "7", "999", "1.0k", "9.9k", "10k", "35k", "999k", "1.0M", "4.6G", "20T"]);
});

test("times", () => {
  expect([0, 350, 999.4, 999.9, 4_210, 59_940, 59_960, 125_000].map(duration)).toEqual([
    "0 ms",
    "350 ms",
    "999 ms",
    "1.0 s",
    "4.2 s",
    "59.9 s",
    "1 min 00 s",
    "2 min 05 s",
  ]);
});

test("scores stand in a column of three", () => {
  expect([0, 0.004, 0.5, 0.934, 0.9949, 0.996, 1].map(score)).toEqual([
    ".00",
    ".00",
    ".50",
    ".93",
    ".99",
    "1.0",
    "1.0",
  ]);
});

test("a share that is not all is never shown as 100%", () => {
  expect([0, 0.001, 0.28, 0.994, 1].map(percent)).toEqual(["0%", "<1%", "28%", ">99%", "100%"]);
});

test("bars count eighths", () => {
  expect([0, 0.25, 0.5, 1, 2, -1].map((share) => bar(share, 4))).toEqual(["", "█", "██", "████", "████", ""]);
  expect(bar(0.28, 10)).toBe("██▊");
});

test("words", () => {
  expect([plural(1, "step"), plural(3, "step"), plural(1200, "token")]).toEqual([
    "1 step",
    "3 steps",
    "1.2k tokens",
  ]);
  expect([flops(2.4e9), flops(950)]).toEqual(["2.4 GFLOP", "950 FLOP"]);
});

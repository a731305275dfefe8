import { assert, integer, property, string } from "fast-check";
import { expect, test } from "vitest";
import { createLiveRegion } from "#cli/terminal/live-region.js";
import { createStyle } from "#cli/terminal/style.js";
import { createTerminal } from "#cli/terminal/terminal.js";
import { displayWidth, padEnd, padStart, toPlainLine, truncate, wrap } from "#cli/terminal/text.js";

test("what a model writes cannot steer the terminal", () => {
  expect(toPlainLine("\u001B[2Jgone\u0007 \u009B31m\u202Ered\n")).toBe("[2Jgone   31m red");
  expect(toPlainLine("a = 1\n\n  b = 2\n")).toBe("a = 1 ⏎ b = 2");
});

test("widths are columns, not characters", () => {
  expect(displayWidth("abc")).toBe(3);
  expect(displayWidth("三個")).toBe(4);
  expect(displayWidth("e\u0301👍")).toBe(3);
  expect(displayWidth(createStyle(true)("abc", "bold", "red"))).toBe(3);
});

test("padding counts columns", () => {
  expect(padEnd("三", 4)).toBe("三  ");
  expect(padStart("7", 3)).toBe("  7");
  expect(padEnd("long", 2)).toBe("long");
});

test("truncated text never takes more columns than it may, and short text is left alone", () => {
  expect(truncate("12 + 5 = 17", 11)).toBe("12 + 5 = 17");
  expect(truncate("12 + 5 = 17", 8)).toBe("12 + 5…");
  assert(
    property(string({ unit: "grapheme", maxLength: 60 }), integer({ min: 0, max: 40 }), (text, columns) => {
      expect(displayWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
    }),
  );
});

test("wrapped lines fit, and lose nothing but spaces", () => {
  expect(wrap("the quick brown fox", 10)).toEqual(["the quick", "brown fox"]);
  expect(wrap("abcdefghij klm", 4)).toEqual(["abcd", "efgh", "ij", "klm"]);
  expect(wrap("", 10)).toEqual([""]);
  assert(
    property(string({ maxLength: 80 }), integer({ min: 2, max: 40 }), (text, columns) => {
      const lines = wrap(text, columns);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      expect(lines.join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
    }),
  );
});

test("a live region goes up exactly as many lines as it drew", () => {
  const written: string[] = [];
  const region = createLiveRegion({ write: (text) => written.push(text) });
  region.draw(["a", "b"]);
  region.draw(["c"]);
  region.clear();
  region.close();
  region.close();
  expect(written).toEqual([
    "\u001B[?25l\ra\u001B[K\nb\u001B[K\n\u001B[J",
    "\u001B[2A\rc\u001B[K\n\u001B[J",
    "\u001B[1A\r\u001B[K\n\u001B[1A\r",
    "\u001B[?25h",
  ]);
});

test("NO_COLOR and dumb terminals get plain appended text", () => {
  const stream = { write: () => true, isTTY: true, columns: 120, rows: 50 };
  expect(createTerminal(stream, stream, {}).live).toBe(true);
  expect(createTerminal(stream, stream, {}).style("x", "red")).toBe("\u001B[31mx\u001B[39m");
  for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
    const terminal = createTerminal(stream, stream, environment);
    expect(terminal.live).toBe(false);
    expect(terminal.style("x", "red")).toBe("x");
  }
  expect(createTerminal(stream, stream, { NO_COLOR: "" }).live).toBe(true);
});

test("a terminal's width stays readable", () => {
  const width = (columns: number | undefined) => {
    const stream = { write: () => true, ...(columns !== undefined && { columns }) };
    return createTerminal(stream, stream, {}).width();
  };
  expect([width(undefined), width(20), width(300)]).toEqual([80, 40, 100]);
});

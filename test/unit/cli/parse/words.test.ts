import { describe, expect, test } from "vitest";
import { splitSteps } from "#cli/parse/steps.js";
import { joinVote, parseVote } from "#cli/parse/vote.js";
import { collectStop, integerSet, parseEscapedText, parseTarget } from "#cli/parse/words.js";

describe("--vote", () => {
  test.each([
    ["weighted", { vote: "weighted" }],
    ["min", { aggregation: "min" }],
    ["last-weighted", { aggregation: "last", vote: "weighted" }],
    ["majority-prod", { aggregation: "prod", vote: "majority" }],
    ["MEAN-Max", { aggregation: "mean", vote: "max" }],
  ])("%s", (text, choice) => expect(parseVote(text)).toEqual(choice));

  test.each(["", "best", "last-min", "weighted-max", "last-weighted-max", "last-", "last-last"])(
    "refuses %j",
    (text) => expect(() => parseVote(text)).toThrow(/one of last, min, mean, prod/),
  );

  test("takes --aggregate beside it, unless they disagree", () => {
    expect(joinVote({ vote: "max" }, "min")).toEqual({ vote: "max", aggregation: "min" });
    expect(joinVote({ aggregation: "min" }, "min")).toEqual({ aggregation: "min" });
    expect(() => joinVote({ aggregation: "min" }, "last")).toThrow("got min and last");
  });
});

test("levels are numbers and ranges", () => {
  const parse = integerSet(1, 6);
  expect(parse("1-6")).toEqual([1, 2, 3, 4, 5, 6]);
  expect(parse("5,1-2,2")).toEqual([1, 2, 5]);
  for (const text of ["", "0", "7", "6-1", "1-", "a", "1;2", "1-7"])
    expect(() => parse(text)).toThrow("from 1 to 6");
});

test("a target is a host and a port", () => {
  for (const text of ["localhost:50051", "10.0.0.1:1", "[::1]:443", "verifier.ns.svc:65535"])
    expect(parseTarget(text)).toBe(text);
  for (const text of [
    "",
    "localhost",
    ":50051",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "http://a:1",
    "::1:443",
  ])
    expect(() => parseTarget(text)).toThrow("HOST:PORT");
});

test("escapes spare the shell", () => {
  expect(parseEscapedText("\\n\\n")).toBe("\n\n");
  expect(parseEscapedText("a\\tb\\\\n")).toBe("a\tb\\n");
  expect(() => parseEscapedText("")).toThrow("not be empty");
});

test("stop strings add up to eight", () => {
  let stops: string[] = [];
  for (let i = 0; i < 8; i++) stops = collectStop(`s${i}`, stops);
  expect(stops).toHaveLength(8);
  expect(() => collectStop("one more", stops)).toThrow("At most 8");
  expect(() => collectStop("x".repeat(65))).toThrow("64 characters");
});

describe("steps of a solution", () => {
  test("keep their delimiter, as the generator gives them", () => {
    expect(splitSteps("a = 1\nb = 2\n#### 2", "\n")).toEqual(["a = 1\n", "b = 2\n", "#### 2"]);
  });
  test("leave out blank ones, the end of the file and Windows line ends", () => {
    expect(splitSteps("a\r\n\r\nb\r\n", "\n")).toEqual(["a\n", "b"]);
    expect(splitSteps("one\ntwo\n\nthree", "\n\n")).toEqual(["one\ntwo\n\n", "three"]);
  });
  test("are at least one", () => expect(() => splitSteps(" \n ", "\n")).toThrow("at least one step"));
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseSearches } from "#cli/calibrate/flags.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { runInPlace } from "./run-in-place.js";

let directory: string;
let problems: string;

const lines = (count: number): string =>
  Array.from({ length: count }, (_, i) => `{"id":"p${i}","problem":"${i} + 1?","answer":"${i + 1}"}\n`).join(
    "",
  );

beforeAll(async () => {
  directory = await temporaryDirectory();
  problems = join(directory, "problems.jsonl");
  await writeFile(problems, lines(20));
});

const refuse = async (flags: Readonly<Record<string, string>>) => {
  const all = { "--problems": problems, "--out": join(directory, "out.json"), "--work": directory, ...flags };
  const { status, stderr } = await runInPlace(["calibrate", ...Object.entries(all).flat()]);
  expect(status).toBe(2);
  return stderr;
};

test("searches are named, each once, or none", () => {
  expect(parseSearches("dvts, beam,dvts")).toEqual(["dvts", "beam"]);
  expect(parseSearches("none")).toEqual([]);
  expect(() => parseSearches("beam,none")).toThrow("There is no search none; there are");
});

describe("calibrate refuses before anything is started:", () => {
  test("a file of problems that is not there", async () => {
    expect(await refuse({ "--problems": "/nowhere.jsonl" })).toContain("/nowhere.jsonl must be a file");
  });

  test("a line that is no problem, by its number", async () => {
    const broken = join(directory, "broken.jsonl");
    await writeFile(broken, `${lines(20)}{"id":"x"}\n`);
    expect(await refuse({ "--problems": broken })).toContain("line 21");
  });

  test("too few problems, also where they were limited", async () => {
    const few = join(directory, "few.jsonl");
    await writeFile(few, lines(19));
    expect(await refuse({ "--problems": few })).toContain("at least 20 problems");
    expect(await refuse({ "--limit": "5" })).toContain("got 5");
  });

  test("a place that cannot be written", async () => {
    expect(await refuse({ "--out": join(directory, "no", "such", "out.json") })).toContain(
      "--out must be a file",
    );
  });

  test.each([
    ["--strategies", "dvts,greedy", "no search greedy"],
    ["--strategies", "", "without a name"],
    ["--widths", "16,18", "multiple of 4"],
    ["--widths", "512", "from 4 to 256"],
    ["--samples", "4", "from 8 to 256"],
    ["--temperature", "0", "above 0"],
    ["--verifier", "none", "prm, swift"],
  ])("%s %s", async (flag, value, message) => {
    expect(await refuse({ [flag]: value })).toContain(message);
  });

  test("a running verifier without the generator behind it, and the other way", async () => {
    expect(await refuse({ "--target": "localhost:1" })).toContain("--target and --generator");
    expect(await refuse({ "--generator": "localhost:1" })).toContain("--target and --generator");
  });
});

test("its help has examples", async () => {
  const { status, stdout } = await runInPlace(["calibrate", "--help"]);
  expect(status).toBe(0);
  expect(stdout).toContain("npx deliberate calibrate --problems");
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createOutlook } from "#cli/bench/outlook.js";
import { inOrder } from "#cli/bench/solver.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { runInPlace } from "../run-in-place.js";

test("candidates stand in the order of their first steps, whichever ended first", () => {
  // Roots 1, 2, 3; the second's later steps came before the first's.
  const parents = new Map([
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 2],
    [5, 1],
    [6, 5],
    [7, 5],
  ]);
  const candidates = [7, 3, 4, 6].map((node_id) => ({ node_id }));
  expect(inOrder(candidates, parents).map(({ node_id }) => node_id)).toEqual([6, 7, 4, 3]);
});

test("the outlook takes the first ladder for the length of the others", () => {
  const outlook = createOutlook(["majority", "greedy", "early-rejection"], 10);
  const solved = (arm: string, count = 10): void => {
    for (let i = 0; i < count; i++) outlook.solved(arm);
  };
  expect([outlook.done, outlook.total]).toEqual([0, 150]);
  for (const n of [1, 2, 4]) solved(`majority@${n}`);
  solved("greedy@1", 1);
  expect([outlook.done, outlook.total]).toEqual([31, 70]);
  solved("greedy@1", 9);
  for (const n of [1, 2, 4]) solved(`early-rejection@${n}`);
  // Whether that was all is known to who climbs.
  expect([outlook.done, outlook.total]).toEqual([70, 71]);
});

async function bench(...flags: string[]) {
  const directory = await temporaryDirectory();
  const problems = join(directory, "problems.jsonl");
  await writeFile(problems, '{"id":"a","problem":"1+1?","answer":"2"}\n');
  return runInPlace(["bench", "--problems", problems, "--out", join(directory, "out"), ...flags]);
}

test.each([
  [["--strategies", ""], /must name some of auto, .*, oracle, backbone/],
  [["--strategies", "auto,bees"], /no strategy bees; there are auto, greedy, /],
  [["--budgets", "1k,none"], /positive whole number/],
  [["--budgets", "0"], /positive whole number/],
  [["--seeds", "0"], /from 1 to 1000/],
  [["--limit", "0"], /positive whole number/],
  [["--out", import.meta.filename], /--out must be a directory/],
  [["--problems", "/nowhere.jsonl"], /nowhere\.jsonl must be a file/],
  [["--policy", "/nowhere"], /--policy must be/],
  [["--target", "localhost:1", "--policy", "x"], /--target uses the models/],
  [["--target", "localhost:1", "--strategies", "backbone"], /backbone needs a PRM to start as a policy/],
  [["--verifier", "none", "--strategies", "backbone"], /backbone needs a PRM to start as a policy/],
])("refuses %j", async (flags, message) => {
  const { status, stderr } = await bench(...flags);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

test.each(["problems", "out"])("asks for --%s", async (missing) => {
  const given = { problems: "p.jsonl", out: "out" };
  const flags = Object.entries(given).flatMap(([name, value]) =>
    name === missing ? [] : [`--${name}`, value],
  );
  const { status, stderr } = await runInPlace(["bench", ...flags]);
  expect(stderr).toContain(`required option '--${missing}' not specified`);
  expect(status).toBe(2);
});

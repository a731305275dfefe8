import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandContext } from "#cli/context.js";
import { runDemo } from "#cli/demo/run.js";
import { createProgress } from "#cli/terminal/progress.js";
import { createTerminal } from "#cli/terminal/terminal.js";
import { Readable } from "node:stream";
import { type FakeService, startFakeVerifier } from "../../fakes/fake-verifier.js";
import { BEAM_SCRIPT } from "../../fakes/search-script.js";
import { jsonLines } from "./run-cli.js";

let verifier: FakeService;
beforeAll(async () => {
  verifier = await startFakeVerifier(BEAM_SCRIPT);
});
afterAll(() => verifier.stop());

async function demo(json: boolean) {
  let stdout = "";
  let stderr = "";
  const terminal = createTerminal(
    { write: (text) => (stdout += text) },
    { write: (text) => (stderr += text) },
    {},
  );
  const context: CommandContext = {
    terminal,
    progress: createProgress(terminal, () => 0),
    stdin: Readable.from([]),
    signal: new AbortController().signal,
    clock: () => 0,
    setExitStatus: () => {},
  };
  await runDemo(verifier.address, json, context);
  return { stdout, stderr };
}

test("the demo solves problems of every level and grades them", async () => {
  const events = jsonLines((await demo(true)).stdout);
  expect(events.map(({ event }) => event)).toEqual([...Array<string>(6).fill("demo"), "demo_done"]);
  expect(events.slice(0, 6).map(({ level }) => level)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { correct, expected } of events.slice(0, 6)) expect(correct).toBe(expected === "19");
  const right = events.filter(({ correct }) => correct === true).length;
  expect(events.at(-1)).toMatchObject({ event: "demo_done", right, count: 6 });
});

test("the demo tells people whether each answer is right", async () => {
  const { stdout, stderr } = await demo(false);
  expect(stdout).toContain("── Problem 1 of 6, level 1 ─");
  expect(stdout.match(/answer {3}19 {2}(✓ right|✗ wrong, it is \d+)/g)).toHaveLength(6);
  expect(stdout).toMatch(/\d of 6 right, 432 tokens/);
  expect(stderr.match(/beam search, 4 candidates/g)).toHaveLength(6);
});

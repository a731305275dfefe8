import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCounter } from "#cli/terminal/counter.js";
import { createTerminal } from "#cli/terminal/terminal.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { runInPlace } from "./run-in-place.js";

describe("train swift refuses, before any model is loaded:", () => {
  const cases: readonly (readonly [args: string, message: RegExp])[] = [
    ["--problems /nowhere.jsonl", /\/nowhere\.jsonl must be a file that can be read/],
    ["--problems p --problem-count 3", /leave one out/],
    ["--policy /nowhere", /\/nowhere does not exist/],
    ["--loss squared", /Allowed choices are bce, hinge, dpo, infonca, nca/],
    ["--layers 1,x", /numbers or ranges/],
    ["--rollouts 0", /a whole number from 1 to 256/],
    ["--span all", /Allowed choices are response, without_first/],
    ["--stop x", /--stop is not part of what a head is bound to/],
    ["--out /", /must be a file for the head, \/ is a directory/],
  ];
  test.each(cases)("%s", async (args, message) => {
    const { status, stderr } = await runInPlace(["train", "swift", ...args.split(" ")]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test("a problem file with a line that cannot be used", async () => {
    const path = join(await temporaryDirectory(), "p.jsonl");
    await writeFile(path, '{"id":"a","problem":"1+1?","answer":"2"}\n{"id":"a"}\n');
    const { status, stderr } = await runInPlace(["train", "swift", "--problems", path]);
    expect(stderr).toMatch(/line 2, must have a valid problem/);
    expect(status).toBe(2);
  });
});

describe("createCounter", () => {
  function counterAt() {
    let text = "";
    let now = 0;
    const terminal = createTerminal({ write: () => {} }, { write: (part) => (text += part) }, {});
    const counter = createCounter(terminal, () => now);
    return { counter, at: (ms: number) => (now = ms), lines: () => text.trimEnd().split("\n") };
  }

  test("tells the time that is left from what this run has done, and the time it took", () => {
    const { counter, at, lines } = counterAt();
    // 40 were there from an earlier run.
    counter.report({ what: "rollouts", done: 40, total: 100 });
    at(10_000);
    counter.report({ what: "rollouts", done: 60, total: 100 });
    at(30_000);
    counter.report({ what: "rollouts", done: 100, total: 100, detail: "all" });
    expect(lines()).toEqual([
      "rollouts 40/100",
      "rollouts 60/100  20.0 s left",
      "rollouts 100/100  all  30.0 s",
    ]);
  });

  test("is quiet between two lines, and begins anew with each count", () => {
    const { counter, at, lines } = counterAt();
    counter.report({ what: "rollouts", done: 1, total: 100 });
    at(5_000);
    counter.report({ what: "rollouts", done: 50, total: 100 });
    counter.report({ what: "features", done: 1, total: 10 });
    expect(lines()).toEqual(["rollouts 1/100", "features 1/10"]);
  });
});

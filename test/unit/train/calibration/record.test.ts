import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLayout } from "#train/calibration/layout.js";
import { type Recording, recordAll } from "#train/calibration/record.js";
import { candidate, solve } from "../../../fakes/recorded-problems.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const layout = createLayout(8, ["beam", "dvts"], [4, 8]);
const problems = Array.from({ length: 6 }, (_, i) => ({ id: `p${i}`, problem: `${i}?`, answer: "1" }));

/** Fails at the `fails`-th Solve. */
function recorder(directory: string, fails = Infinity) {
  const asked: { id: string; arm: string; seed: number }[] = [];
  const read: string[] = [];
  const recording: Recording = {
    problems,
    layout,
    seed: 7,
    directory,
    solver: {
      async solve({ id }, { name }, seed) {
        await new Promise(setImmediate);
        if (asked.length >= fails) throw new Error("the pair is gone");
        asked.push({ id, arm: name, seed });
        return { ...solve(name, [candidate()], id), seed };
      },
    },
    readPrompt: async ({ id }) => {
      read.push(id);
      // 1 and 2 in binary16
      return Uint16Array.of(0x3c00, 0x4000);
    },
    onSolve: () => {},
  };
  return { recording, asked, read };
}

test("records every problem's pool, searches and prompt, all with seeds of their own", async () => {
  const { recording, asked } = recorder(await temporaryDirectory());
  const observations = await recordAll(recording, new AbortController().signal);
  expect(observations.map(({ id }) => id)).toEqual(problems.map(({ id }) => id));
  expect(observations[0]!.pool.arm).toBe("bon@8");
  expect([...observations[0]!.searches.keys()]).toEqual(["beam@4", "beam@8", "dvts@8"]);
  expect(observations[0]!.greedy.arm).toBe("greedy@1");
  expect(observations[0]!.promptState).toEqual(Float32Array.of(1, 2));
  expect(new Set(asked.map(({ seed }) => seed)).size).toBe(30);
});

test("goes on where it was interrupted, half-written lines included, and ends up the same", async () => {
  const directory = await temporaryDirectory();
  const { signal } = new AbortController();
  const first = recorder(directory, 10);
  await expect(recordAll(first.recording, signal)).rejects.toThrow("the pair is gone");
  await appendFile(join(directory, "solves.jsonl"), '{"id":"p5","arm":"bo');

  const second = recorder(directory);
  const observations = await recordAll(second.recording, signal);
  expect(second.asked).toHaveLength(30 - 10);
  expect(first.asked.length + second.asked.length).toBe(30);
  const whole = await recordAll(recorder(await temporaryDirectory()).recording, signal);
  expect(observations).toEqual(whole);

  const third = recorder(directory);
  expect(await recordAll(third.recording, signal)).toEqual(whole);
  expect(third.asked).toEqual([]);
  expect(third.read).toEqual([]);
});

test("stops when it is told to", async () => {
  const { recording, asked } = recorder(await temporaryDirectory());
  const stopped = AbortSignal.abort(new Error("stopped"));
  await expect(recordAll(recording, stopped)).rejects.toThrow("stopped");
  expect(asked).toEqual([]);
});

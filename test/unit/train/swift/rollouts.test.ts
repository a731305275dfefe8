import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import { recordSwiftRollouts, swiftSampling } from "#train/swift/rollouts.js";
import { labelsOf } from "#train/swift/rollout-records.js";
import { fakeInfo } from "../../../fakes/engine.js";
import { GuessingPolicy, sum } from "../../../fakes/guessing-policy.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const problems = [0, 1, 2, 3, 4, 5].map(sum);
const sampling = swiftSampling(fakeInfo.defaultSampling, {});
const signal = new AbortController().signal;

async function optionsIn(directory?: string) {
  return {
    rollouts: 4,
    maxTokens: 32,
    sampling,
    seed: 7,
    directory: directory ?? (await temporaryDirectory()),
  };
}

test("the sampling is search's temperature over the model's own knobs, and what the caller says", () => {
  const defaults = { ...fakeInfo.defaultSampling, temperature: 0.2, topP: 0.9, topK: 5 };
  expect(swiftSampling(defaults, { minP: 0.1 })).toEqual({
    temperature: 0.8,
    topK: 5,
    topP: 0.9,
    minP: 0.1,
    repetitionPenalty: 1,
  });
});

test("records every problem in order, its solutions as they were asked for, graded", async () => {
  const policy = new GuessingPolicy();
  const seen: number[] = [];
  const records = await recordSwiftRollouts(
    policy,
    problems,
    { ...(await optionsIn()), onProgress: (done) => seen.push(done) },
    signal,
  );
  expect(records.map(({ id }) => id)).toEqual(problems.map(({ id }) => id));
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { answer, solutions } of records) {
    expect(solutions).toHaveLength(4);
    for (const { text, label, token_ids, log_probs, entropies } of solutions) {
      expect(label).toBe(text.endsWith(`#### ${answer}`) ? "right" : "wrong");
      expect([token_ids.length, log_probs.length, entropies.length]).toEqual([4, 4, 4]);
    }
  }
  expect(policy.opened[0]).toMatchObject({
    sampling: { temperature: 0.8, topP: 1, minP: 0, repetitionPenalty: 1 },
    prompt: { kind: "messages", messages: [{ role: "user", content: "0+1?" }] },
  });
});

test("a problem's solutions depend on the seed and its place, not on what ran before", async () => {
  // More than are in flight at once.
  const many = Array.from({ length: 40 }, (_, i) => sum(i));
  const whole = await recordSwiftRollouts(new GuessingPolicy(), many, await optionsIn(), signal);
  const options = await optionsIn();
  const stopping = new AbortController();
  const interrupted = recordSwiftRollouts(
    new GuessingPolicy(),
    many,
    { ...options, onProgress: (done) => done === 2 && stopping.abort(new Error("Ctrl-C")) },
    stopping.signal,
  );
  await expect(interrupted).rejects.toThrow("Ctrl-C");
  const policy = new GuessingPolicy();
  expect(await recordSwiftRollouts(policy, many, options, signal)).toEqual(whole);
  expect(policy.opened.length).toBeLessThan(many.length);
});

test("a line that was being written when the process stopped is done again", async () => {
  const options = await optionsIn();
  const whole = await recordSwiftRollouts(new GuessingPolicy(), problems, options, signal);
  const path = join(options.directory, "rollouts.jsonl");
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  await writeFile(path, `${lines.slice(0, 4).join("\n")}\n`);
  await appendFile(path, lines[4]!.slice(0, 40));
  const policy = new GuessingPolicy();
  expect(await recordSwiftRollouts(policy, problems, options, signal)).toEqual(whole);
  expect(policy.opened).toHaveLength(2);
  expect((await readFile(path, "utf8")).trimEnd().split("\n")).toHaveLength(6);
});

test("work begun with other settings is refused, with what differs", async () => {
  const options = await optionsIn();
  await recordSwiftRollouts(new GuessingPolicy(), problems, options, signal);
  const again = recordSwiftRollouts(
    new GuessingPolicy(),
    problems,
    { ...options, seed: 8, rollouts: 2 },
    signal,
  );
  await expect(again).rejects.toThrow(/begun with rollouts 4, now 2; seed 7, now 8: use the same/);
  await expect(again).rejects.toBeInstanceOf(ServiceError);
  const others = recordSwiftRollouts(new GuessingPolicy(), problems.slice(1), options, signal);
  await expect(others).rejects.toThrow(/begun with problems/);
});

test("solutions that a limit ended are unfinished, and counted as such", async () => {
  const policy = new GuessingPolicy();
  policy.cutEvery = 2;
  const records = await recordSwiftRollouts(policy, problems, await optionsIn(), signal);
  const { unfinished, right, wrong } = labelsOf(records);
  expect([unfinished, right + wrong]).toEqual([12, 12]);
});

test("a problem that the engine refuses is named", async () => {
  const policy = new GuessingPolicy();
  policy.openSession = async () => {
    throw new ServiceError("invalid_argument", "the prompt and one more token must fit the context");
  };
  await expect(recordSwiftRollouts(policy, problems, await optionsIn(), signal)).rejects.toThrow(
    /problem p0: the prompt and one more token must fit/,
  );
});

import { expect, test } from "vitest";
import type { Engine, EngineEvent, StepEvent } from "#generator/engine/types.js";
import { sampleProblem } from "#train/rollouts.js";

const signal = new AbortController().signal;

/** An engine whose one session delivers these steps: id, parent, child index, text, why it ended. */
function scripted(
  steps: readonly (readonly [number, number, number, string, StepEvent["finishReason"]])[],
): Engine {
  const events = async function* (): AsyncGenerator<EngineEvent> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no other field is read
    for (const [nodeId, parentId, childIndex, text, finishReason] of steps)
      yield { kind: "step", nodeId, parentId, childIndex, text, finishReason } as StepEvent;
    yield { kind: "grown", nodeId: 0, count: 1 };
  };
  const session = { events: events(), grow: async () => {}, end: () => {}, cancel: () => {} };
  const info = { hasChatTemplate: false, contextLength: 64 };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stand-in for what is in use
  return { info, openSession: async () => session } as unknown as Engine;
}

const sample = (engine: Engine) =>
  sampleProblem(engine, "1+1?", { count: 3, seed: 1, maxTokens: 8, temperature: 1 }, signal);

test("solutions come in the order they were asked for, whoever ends first", async () => {
  const engine = scripted([
    [3, 0, 2, "c", "eos"],
    [1, 0, 0, "a\n", "step"],
    [2, 0, 1, "b", "eos"],
    [4, 1, 0, "A", "eos"],
  ]);
  const { solutions } = await sample(engine);
  expect(solutions.map(({ text }) => text)).toEqual(["a\nA", "b", "c"]);
});

test("a solution whose tokens were spent at the very end of a step counts, unfinished", async () => {
  const engine = scripted([
    [1, 0, 0, "a\n", "step"],
    [2, 0, 1, "b", "length"],
    [3, 0, 2, "c\n", "step"],
    [4, 3, 0, "C", "stop"],
  ]);
  const { solutions } = await sample(engine);
  expect(solutions.map(({ text, finished }) => [text, finished])).toEqual([
    ["a\n", false],
    ["b", false],
    ["c\nC", true],
  ]);
});

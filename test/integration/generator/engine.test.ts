/** The engine on real tensors: a tiny random Llama in this thread, so that its books can be looked at. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineEvent, EngineSession } from "#generator/engine/types.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { EOS } from "../../fakes/byte-tokenizer.js";
import { byPlace, engineOn, readEvents, stepsOf } from "../../fakes/local-engine.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../fakes/tiny-checkpoint.js";

const DELIMITER = "e";
let model: LanguageModel;

beforeAll(async () => {
  const config = tinyConfig({ vocabSize: 258, contextLength: 160, eosTokenIds: [EOS] });
  const cacheDir = await temporaryDirectory();
  model = await createLanguageModel(tinySource(config), { precision: "fp32", threads: 1, cacheDir });
});
afterAll(() => model.dispose());

function probes(seed: string) {
  const width = model.info.hiddenStateCount * model.info.hiddenSize;
  const rng = createRng(seed);
  const weights = Float32Array.from({ length: 2 * width }, () => rng.normal());
  return [
    { name: "p", input: "hidden" as const, modelHash: model.info.hash, weights, shape: [2, width] as const },
  ];
}

async function growAll(session: EngineSession, settle: () => Promise<void>): Promise<EngineEvent[]> {
  void session.grow({ nodeId: 0, count: 5, until: "step" });
  await settle();
  const events = await readEvents(session, 6);
  for (const step of stepsOf(events))
    if (step.finishReason === "step")
      void session.grow({ nodeId: step.nodeId, count: 2, until: "end", maxTokens: 30 });
  session.end();
  await settle();
  return [...events, ...(await readEvents(session))];
}

describe("the engine on tensors", () => {
  test("grows bit for bit the same tree in a batch of many sessions and alone, row by row", async () => {
    const alone = engineOn(model, { limits: { maxBatchRows: 1 } });
    const request = { stepDelimiter: DELIMITER, sampling: { topK: 12 }, probes: probes("a") };
    const single = await growAll(await alone.open(request), alone.settle);
    const together = engineOn(model, { limits: { maxBatchRows: 12, maxKvBytes: 2 ** 26 } });
    const others = [
      await together.open({
        ...request,
        prompt: { kind: "text", text: "another prompt, and a longer one" },
        probes: [],
      }),
      await together.open({ ...request, seed: 9, probes: probes("b") }),
    ];
    for (const other of others) void other.grow({ nodeId: 0, count: 4, until: "end", maxTokens: 40 });
    const beside = await growAll(await together.open(request), together.settle);
    const [expected, grown] = [byPlace(stepsOf(single)), byPlace(stepsOf(beside))];
    expect(grown.size).toBeGreaterThan(5);
    expect([...grown.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    for (const [place, step] of expected) {
      const { tokenIds, text, finishReason, logProbs, probeOutputs } = step;
      expect(grown.get(place)).toMatchObject({ tokenIds, text, finishReason, logProbs, probeOutputs });
      expect(probeOutputs).toHaveLength(2 * tokenIds.length);
    }
    for (const other of others) other.cancel();
    await together.settle();
    expect(together.engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("runs no token twice, whatever forks", async () => {
    const { open, settle } = engineOn(model);
    const events = await growAll(await open({ stepDelimiter: DELIMITER, sampling: { topK: 12 } }), settle);
    expect(events.at(-1)).toMatchObject({
      kind: "closed",
      usage: { reprefilledTokens: 0, cancelledTokens: 0 },
    });
  });

  test("keeps to its memory with the model's own slots counted", async () => {
    const { engine, open, settle } = engineOn(model, { limits: { maxKvBytes: 900_000 } });
    const sessions = [await open({ seed: 1 }), await open({ seed: 2 }), await open({ seed: 3 })];
    for (const session of sessions) {
      void session.grow({ nodeId: 0, count: 6, until: "end" });
      session.end();
    }
    await settle();
    const results = await Promise.allSettled(sessions.map((session) => readEvents(session)));
    expect(results[0]).toMatchObject({ status: "fulfilled" });
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "resource_exhausted" });
    expect(engine.stats().usedKvBytes).toBe(0);
  });
});

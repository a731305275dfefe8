/** The same request with the same seed gives the same tokens and log-probabilities, bit for bit, whoever runs beside it. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { toConfig } from "#generator/config.js";
import type { EngineEvent, OpenSession, StepEvent } from "#generator/engine/types.js";
import { createService } from "#generator/service.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, Precision } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { createClient } from "#shared/rpc/connect.js";
import type { ExpandRequest } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { Step__Output } from "#shared/rpc/gen/deliberate/v1/Step.js";
import { generatorService } from "#shared/rpc/proto.js";
import { EOS } from "../../fakes/byte-tokenizer.js";
import { byPlace, engineOn, readEvents, stepsOf } from "../../fakes/local-engine.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../fakes/tiny-checkpoint.js";
import { writeTinyDirectory } from "../../fakes/tiny-directory.js";

const cacheDir = await temporaryDirectory();
const opened: LanguageModel[] = [];
afterAll(() => Promise.all(opened.map((model) => model.dispose())));

const tokens = (count: number, seed: number): number[] => {
  const rng = createRng(seed, "prompt");
  return Array.from({ length: count }, () => rng.int(256));
};

/** Two chunks and a half. */
const PROMPT = tokens(300, 1);
const REQUEST: Partial<OpenSession> = {
  prompt: { kind: "tokens", tokenIds: PROMPT },
  seed: 11,
  stepDelimiter: "e",
  sampling: { temperature: 0.9, topP: 0.95 },
};

async function openModel(precision: Precision): Promise<LanguageModel> {
  const config = tinyConfig({ vocabSize: 258, contextLength: 512, eosTokenIds: [EOS] });
  const model = await createLanguageModel(tinySource(config), { precision, threads: 2, cacheDir });
  opened.push(model);
  return model;
}

function createRig(model: LanguageModel, maxPrefixCacheBytes: number) {
  const limits = {
    maxSessions: 20,
    maxBatchRows: 24,
    maxKvBytes: 2 ** 28,
    maxPrefixCacheBytes,
    maxNodesPerSession: 1000,
  };
  return engineOn(model, { limits });
}

/** Four rows of up to three dozen tokens, in two rounds: to the first delimiters, and on from there to the end. */
async function growTree({ open, settle }: ReturnType<typeof createRig>, more: Partial<OpenSession> = {}) {
  const session = await open({ ...REQUEST, ...more });
  void session.grow({ nodeId: 0, count: 4, until: "end", maxTokens: 36 });
  session.end();
  await settle();
  const events: EngineEvent[] = await readEvents(session);
  return { cached: session.opened.cachedPromptTokens, steps: byPlace(stepsOf(events)) };
}

const exactly = ({ tokenIds, logProbs, entropies, text, finishReason }: StepEvent) => ({
  tokenIds,
  logProbs,
  entropies,
  text,
  finishReason,
});

function expectSameTree(got: ReadonlyMap<string, StepEvent>, alone: ReadonlyMap<string, StepEvent>): void {
  expect([...got.keys()].toSorted()).toEqual([...alone.keys()].toSorted());
  for (const [place, step] of alone) expect(exactly(got.get(place)!), place).toEqual(exactly(step));
}

/** Fifteen sessions of other prompts, lengths, seeds and priorities, some a few tokens old, one with the same beginning. */
async function joinOthers({ open, step }: ReturnType<typeof createRig>): Promise<void> {
  for (let i = 0; i < 15; i++) {
    const tokenIds = i === 3 ? [...PROMPT.slice(0, 200), ...tokens(50, 99)] : tokens(1 + 29 * i, 100 + i);
    const session = await open({
      prompt: { kind: "tokens", tokenIds },
      seed: i,
      priority: (i % 5) - 2,
      stepDelimiter: "e",
      sampling: { temperature: 0.5 + i / 10 },
    });
    void session.grow({ nodeId: 0, count: 1 + (i % 3), until: "end", maxTokens: 10 + 7 * i });
    session.end();
    if (i % 4 === 0) for (let steps = 0; steps < i; steps++) await step();
  }
}

describe.each<Precision>(["fp32", "int8", "int4"])(
  "at %s a request alone and among fifteen others",
  (precision) => {
    let model: LanguageModel;
    let alone: Awaited<ReturnType<typeof growTree>>;
    beforeAll(async () => {
      model = await openModel(precision);
      alone = await growTree(createRig(model, 0));
      expect(alone.cached).toBe(0);
      expect(alone.steps.size).toBeGreaterThanOrEqual(4);
    });

    test.each([
      { title: "without a prefix cache", cacheBytes: 0, ranBefore: false, cached: 0, priority: 0 },
      {
        title: "with a part of its prompt cached",
        cacheBytes: 2 ** 26,
        ranBefore: false,
        cached: 128,
        priority: 2,
      },
      { title: "with its prompt cached", cacheBytes: 2 ** 26, ranBefore: true, cached: 300, priority: -2 },
    ])("$title", async ({ cacheBytes, ranBefore, cached, priority }) => {
      const rig = createRig(model, cacheBytes);
      if (ranBefore) await growTree(rig);
      await joinOthers(rig);
      const among = await growTree(rig, { priority });
      expect(among.cached).toBe(cached);
      expectSameTree(among.steps, alone.steps);
    });
  },
);

test("through gRPC, a request alone and among fifteen others", async () => {
  const directory = await temporaryDirectory();
  await writeTinyDirectory(join(directory, "model"), 5, 2);
  const settings = {
    GENERATOR_POLICY: join(directory, "model"),
    GENERATOR_CACHE_DIR: join(directory, "cache"),
    GENERATOR_PRECISION: "int8",
    GENERATOR_THREADS: "1",
    GENERATOR_PORT: "0",
    GENERATOR_LOG_LEVEL: "silent",
  };
  const service = await createService(toConfig(settings));
  const client = createClient(generatorService, await service.start());
  onTestFinished(async () => {
    client.close();
    await service.stop();
  });
  const ask = async (open: NonNullable<ExpandRequest["open"]>, count: number): Promise<Step__Output[]> => {
    const call = client.expand();
    void call.write({ open });
    void call.write({ grow: { nodeId: 0, count, until: "UNTIL_END", maxTokens: 30 } });
    call.end();
    const steps: Step__Output[] = [];
    for await (const { step } of call.responses) if (step) steps.push(step);
    return steps;
  };
  const request = { prompt: "12+34-5+6-7=?", seed: 3 };
  const alone = await ask({ ...request, cacheSalt: "alone" }, 3);
  const others = Array.from({ length: 15 }, (_, i) =>
    ask({ prompt: `${"1+2-3".repeat(1 + i)}=?`, seed: i, priority: (i % 5) - 2 }, 1 + (i % 4)),
  );
  const [cold, warm] = [await ask(request, 3), await ask({ ...request, priority: 5 }, 3)];
  await Promise.all(others);
  expect(alone.length).toBeGreaterThanOrEqual(3);
  for (const among of [cold, warm]) expect(placed(among)).toEqual(placed(alone));
});

/** Steps by their place, whatever their ids and order. */
function placed(steps: readonly Step__Output[]) {
  const places = new Map([[0, ""]]);
  return Object.fromEntries(
    steps.map(({ nodeId, parentId, childIndex, tokenIds, logProbs, entropies }) => {
      const place = `${places.get(parentId)}/${childIndex}`;
      places.set(nodeId, place);
      return [place, { tokenIds, logProbs, entropies }];
    }),
  );
}

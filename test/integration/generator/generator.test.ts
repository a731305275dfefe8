import { describe, expect, test } from "vitest";
import { toConfig } from "#generator/config.js";
import { createService } from "#generator/service.js";
import { createClient } from "#shared/rpc/connect.js";
import type { FeatureChunkEvent } from "#generator/engine/types.js";
import type { FeaturizeRequest } from "#shared/rpc/gen/deliberate/v1/FeaturizeRequest.js";
import type { Tensor } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
import { healthService } from "#shared/rpc/proto.js";
import { FakeEngine, fakeInfo } from "../../fakes/engine.js";
import { collect, rejection, settled, until } from "../rpc/harness.js";
import { startGenerator } from "./harness.js";

const open = { open: { prompt: "hi" } };

describe("GetModelInfo", () => {
  test("tells model, defaults, limits and memory", async () => {
    const { client, engine } = await startGenerator();
    const { limits, defaultSampling, memory, ...rest } = await client.getModelInfo({});
    const { limits: _limits, defaultSampling: _sampling, contextLength, ...same } = fakeInfo;
    expect(rest).toEqual({ ...same, contextLengthTokens: contextLength });
    expect(limits).toEqual({ ...fakeInfo.limits, usedKvBytes: 7 });
    expect(memory).toEqual(engine.stats().memory);
    expect(defaultSampling).toMatchObject({
      temperature: 0.8,
      order: "SAMPLING_ORDER_FILTER_FIRST",
      stop: [],
    });
  });
});

describe("Expand", () => {
  test("opens, grows and closes", async () => {
    const { expand } = await startGenerator();
    const replies = await expand(open, { grow: { nodeId: 0, count: 2, until: "UNTIL_STEP" } });
    expect(replies.map(({ response }) => response)).toEqual(["opened", "step", "step", "grown", "closed"]);
    expect(replies[0]!.opened).toMatchObject({ nodeId: 0, promptTokenIds: [1, 2], promptProbe: [] });
    expect(replies[0]!.opened!.cachedPromptTokens).toBe(1);
    expect(replies[1]!.step).toMatchObject({
      nodeId: 1,
      parentId: 0,
      childIndex: 0,
      tokenIds: [3, 4],
      text: "xxxxx",
      finishReason: "FINISH_REASON_STEP",
      logProbs: [-0.5, -1],
      meanLogProb: -0.75,
      entropies: [0.25, 0.75],
      hiddenStates: null,
    });
    expect(replies[1]!.step).not.toHaveProperty("nextEntropy");
    const outputs = new Float32Array(Uint8Array.from(replies[1]!.step!.probeOutputs).buffer);
    expect([...outputs]).toEqual([1, 2, 3, 4]);
    expect(replies[3]!.grown).toEqual({ nodeId: 0, count: 2 });
    expect(replies[4]!.closed!.usage).toMatchObject({
      promptTokens: 2,
      cachedPromptTokens: 1,
      generatedTokens: 4,
      flops: 1.5e9,
    });
  });

  test("hands every field of Open and Grow to the engine", async () => {
    const { engine, expand } = await startGenerator();
    const sampling = {
      temperature: 0,
      topK: 3,
      topP: 0.5,
      minP: 0.125,
      repetitionPenalty: 1.5,
      stop: ["END"],
    };
    const data = Buffer.from(new Float32Array(24).fill(0.5).buffer);
    const weights: Tensor = { dataType: "DATA_TYPE_FLOAT32", shape: [2, 12], data };
    await expand({
      open: {
        messages: { messages: [{ role: "user", content: "1+1?" }] },
        sampling: { ...sampling, order: "SAMPLING_ORDER_FILTER_FIRST" },
        seed: 2 ** 53 - 1,
        probes: [
          { name: "swift", modelHash: "aa", weights },
          { name: "normed", modelHash: "aa", weights, input: "PROBE_INPUT_HIDDEN_STATES_FINAL_NORM" },
          { name: "logits", modelHash: "aa", weights, input: "PROBE_INPUT_LOGITS" },
        ],
        stepDelimiter: ";",
        includePromptProbe: true,
        includeHiddenStates: true,
        priority: -10,
        cacheSalt: "tenant",
      },
    });
    const [opened] = engine.opened;
    const same = { modelHash: "aa", shape: [2, 12], weights: new Float32Array(24).fill(0.5) };
    expect(opened).toEqual({
      prompt: { kind: "messages", messages: [{ role: "user", content: "1+1?" }] },
      sampling: { ...sampling, order: "filter_first" },
      seed: 2 ** 53 - 1,
      probes: [
        { name: "swift", input: "hidden", ...same },
        { name: "normed", input: "hidden_final_norm", ...same },
        { name: "logits", input: "logits", ...same },
      ],
      stepDelimiter: ";",
      includePromptProbe: true,
      includeHiddenStates: true,
      priority: -10,
      cacheSalt: "tenant",
    });
  });

  test("tells what was asked beside probes: the next entropy, and hidden states as float16", async () => {
    const { engine, expand } = await startGenerator();
    engine.more = { nextEntropy: 0.5, hiddenStates: Uint16Array.from({ length: 24 }, (_, i) => i) };
    const [, reply] = await expand(
      { open: { prompt: "hi", includeHiddenStates: true } },
      { grow: { nodeId: 0, count: 1, until: "UNTIL_STEP" } },
    );
    const { nextEntropy, hiddenStates } = reply!.step!;
    expect(nextEntropy).toBe(0.5);
    expect(hiddenStates).toMatchObject({ dataType: "DATA_TYPE_FLOAT16", shape: [2, 12] });
    expect([...hiddenStates!.data]).toEqual(Array.from({ length: 24 }, (_, i) => [i, 0]).flat());
  });

  test("leaves to the engine what was not set", async () => {
    const { engine, expand } = await startGenerator();
    await expand({ open: { promptTokenIds: { ids: [5] }, sampling: {} } });
    expect(engine.opened[0]).toEqual({
      prompt: { kind: "tokens", tokenIds: [5] },
      sampling: {},
      seed: 0,
      probes: [],
      includePromptProbe: false,
      priority: 0,
    });
  });

  test("gives the session back when it closes, fails, or its client leaves", async () => {
    const { engine, client, expand } = await startGenerator();
    await expand(open);
    expect(engine.sessions.size).toBe(0);
    await rejection(expand(open, { grow: { nodeId: 99, count: 1, until: "UNTIL_STEP" } }));
    await until(() => engine.sessions.size === 0);
    const call = client.expand();
    await call.write(open);
    await until(() => engine.sessions.size === 1);
    call.cancel();
    await until(() => engine.sessions.size === 0);
  });

  test("stops asking for events while the client does not read", async () => {
    const { engine, client } = await startGenerator();
    engine.endless = true;
    engine.textLength = 64 * 1024;
    const call = client.expand();
    await call.write(open);
    await call.write({ grow: { nodeId: 0, count: 1, until: "UNTIL_END" } });
    await until(() => engine.sessions.size === 1);
    const [session] = engine.sessions;
    await until(() => session!.yielded > 0);
    expect(await settled(() => session!.yielded)).toBeLessThan(80);
    call.cancel();
    await until(() => session!.cancelled);
  });

  test("ends its session when its connection vanishes", async () => {
    const { engine, client } = await startGenerator();
    engine.endless = true;
    const call = client.expand();
    await call.write(open);
    await call.write({ grow: { nodeId: 0, count: 1, until: "UNTIL_END" } });
    const reading = rejection(
      (async () => {
        for await (const _ of call.responses) if (engine.sessions.size === 0) break;
      })(),
    );
    await until(() => engine.sessions.size === 1);
    call.cancel();
    client.close();
    await until(() => engine.sessions.size === 0);
    await reading.catch(() => {});
  });

  test("ends at the deadline", async () => {
    const { engine, client } = await startGenerator();
    const call = client.expand({ deadlineMs: 100 });
    await call.write(open);
    const error = await rejection(
      (async () => {
        for await (const _ of call.responses);
      })(),
    );
    expect(error).toMatchObject({ code: "deadline_exceeded" });
    await until(() => engine.sessions.size === 0);
  });

  test("passes on when the engine is full, with the time to wait", async () => {
    const { client, expand, engine } = await startGenerator();
    const calls = [client.expand(), client.expand()];
    for (const call of calls) await call.write(open);
    await until(() => engine.sessions.size === 2);
    expect(await rejection(expand(open))).toMatchObject({
      code: "resource_exhausted",
      details: { reason: "SESSIONS_FULL", retryAfterMs: 500 },
    });
    for (const call of calls) call.cancel();
  });
});

describe("Featurize", () => {
  const usage = {
    promptTokens: 2,
    cachedPromptTokens: 0,
    generatedTokens: 0,
    cancelledTokens: 0,
    reprefilledTokens: 0,
    flops: 1e6,
  };
  const chunk = (firstToken: number, more: Partial<FeatureChunkEvent> = {}): FeatureChunkEvent => ({
    kind: "chunk",
    continuation: 0,
    firstToken,
    tokenIds: [7],
    values: Uint16Array.of(0x3c00, 1),
    logProbs: [-0.5],
    entropies: [0.25],
    ...more,
  });
  const featurizing = {
    kind: "featurizing",
    promptTokenIds: [1, 2],
    cachedPromptTokens: 1,
    width: 2,
    tokenCounts: [2],
  } as const;

  test("hands every field to the engine and tells everything it answers", async () => {
    const { engine, client } = await startGenerator();
    engine.features = [featurizing, chunk(0), chunk(1, { nextEntropy: 0.75 }), { kind: "featurized", usage }];
    const request: FeaturizeRequest = {
      messages: { messages: [{ role: "user", content: "1+1?" }] },
      continuations: [{ text: "2" }, { tokenIds: { ids: [3, 4] } }],
      features: "FEATURES_LOGITS",
      priority: 3,
      cacheSalt: "tenant",
    };
    const replies = await collect(client.featurize(request));
    expect(engine.featurized).toEqual([
      {
        prompt: { kind: "messages", messages: [{ role: "user", content: "1+1?" }] },
        continuations: [
          { kind: "text", text: "2" },
          { kind: "tokens", tokenIds: [3, 4] },
        ],
        features: "logits",
        priority: 3,
        cacheSalt: "tenant",
      },
    ]);
    expect(replies.map(({ response }) => response)).toEqual(["featurizing", "chunk", "chunk", "featurized"]);
    expect(replies[0]!.featurizing).toEqual({
      promptTokenIds: [1, 2],
      cachedPromptTokens: 1,
      width: 2,
      tokenCounts: [2],
    });
    const values = { dataType: "DATA_TYPE_FLOAT16", shape: [1, 2], data: Buffer.of(0, 0x3c, 1, 0) };
    const told = { continuationIndex: 0, tokenIds: [7], values, logProbs: [-0.5], entropies: [0.25] };
    expect(replies[1]!.chunk).toEqual({ ...told, firstToken: 0 });
    expect(replies[2]!.chunk).toMatchObject({ ...told, firstToken: 1, nextEntropy: 0.75 });
    expect(replies[3]!.featurized!.usage).toEqual(usage);
  });

  test("is of hidden states, without a salt and of no priority, unless told otherwise", async () => {
    const { engine, client } = await startGenerator();
    await collect(client.featurize({ promptTokenIds: { ids: [5] }, continuations: [{ text: "2" }] }));
    expect(engine.featurized[0]).toEqual({
      prompt: { kind: "tokens", tokenIds: [5] },
      continuations: [{ kind: "text", text: "2" }],
      features: "hidden",
      priority: 0,
    });
  });

  test("stops asking for features while the client does not read, and when it leaves", async () => {
    const { engine, client } = await startGenerator();
    let [yielded, left] = [0, false];
    engine.features = (async function* () {
      try {
        for (;;) {
          yield yielded++ === 0 ? featurizing : chunk(0, { values: new Uint16Array(2 ** 19) });
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        left = true;
      }
    })();
    const stream = client.featurize({ prompt: "hi", continuations: [{ text: "2" }] });
    const replies = stream[Symbol.asyncIterator]();
    await replies.next();
    expect(await settled(() => yielded)).toBeLessThan(80);
    await replies.return?.();
    await until(() => left);
  });
});

describe("the service", () => {
  test("stops in order: the engine last, and once", async () => {
    const { service, engine, address } = await startGenerator();
    const health = createClient(healthService, address);
    expect(await health.check({ service: "deliberate.v1.GeneratorService" })).toEqual({ status: "SERVING" });
    await Promise.all([service.stop(), service.stop()]);
    expect(engine.disposed).toBe(1);
    expect(await rejection(health.check({}))).toMatchObject({ code: "unavailable" });
    health.close();
  });

  test("disposes its engine when it cannot listen", async () => {
    const { address } = await startGenerator();
    const engine = new FakeEngine();
    const env = {
      GENERATOR_POLICY: "x",
      GENERATOR_PORT: address.split(":")[1],
      GENERATOR_LOG_LEVEL: "silent",
    };
    const second = await createService(toConfig(env), { engine });
    expect(await rejection(second.start())).toMatchObject({ code: "unavailable" });
    expect(engine.disposed).toBe(1);
  });
});

import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { FeatureJob } from "#generator/engine/feature-job.js";
import { prepareFeatures } from "#generator/engine/features.js";
import type { FeatureChunkEvent, FeatureEvent, FeaturizeRequest } from "#generator/engine/types.js";
import { UsageMeter } from "#generator/engine/usage.js";
import { summarize } from "#generator/sampling/distribution.js";
import { narrowHalf } from "#shared/half.js";
import { byteTokenizer } from "../../../fakes/byte-tokenizer.js";
import {
  OPEN,
  type TestEngine,
  type TestEngineOptions,
  createTestEngine,
  readEvents,
  stepsOf,
} from "../../../fakes/local-engine.js";
import {
  type PathModel,
  createPathModel,
  hiddenOf,
  logitsOf,
  pathModelInfo,
} from "../../../fakes/path-model.js";

const idle = new AbortController().signal;
const letters = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, i) => 97 + ((first + i) % 8));
const tokens = (...texts: readonly (readonly number[])[]): FeaturizeRequest["continuations"] =>
  texts.map((tokenIds) => ({ kind: "tokens", tokenIds }));

const PROMPT = letters(5, 3);
const REQUEST: FeaturizeRequest = {
  prompt: { kind: "tokens", tokenIds: PROMPT },
  continuations: tokens(letters(4)),
  features: "hidden",
  priority: 0,
};

interface Rig extends TestEngine<PathModel> {
  /** Starts it; what has arrived is in `events`. */
  start(request?: Partial<FeaturizeRequest>, signal?: AbortSignal): Reading;
  /** What was asked reaches the engine, and it makes a step, or all that there are to make. */
  next(): Promise<void>;
  calm(): Promise<void>;
  /** Everything, the engine stepping as long as it takes. */
  featurize(request?: Partial<FeaturizeRequest>, signal?: AbortSignal): Promise<FeatureEvent[]>;
}

interface Reading {
  readonly events: FeatureEvent[];
  readonly over: Promise<void>;
  isOver: boolean;
}

function createRig(options: TestEngineOptions = {}): Rig {
  const rig = createTestEngine({ ...options, info: { contextLength: 1024, ...options.info } });
  const start: Rig["start"] = (request, signal = idle) => {
    const events: FeatureEvent[] = [];
    const over = (async () => {
      for await (const event of rig.engine.featurize({ ...REQUEST, ...request }, signal)) events.push(event);
    })();
    const reading: Reading = { events, over, isOver: false };
    over.catch(() => {}).finally(() => (reading.isOver = true));
    return reading;
  };
  return {
    ...rig,
    start,
    async next() {
      await turn();
      await rig.step();
    },
    async calm() {
      await turn();
      await rig.settle();
    },
    async featurize(request, signal) {
      const reading = start(request, signal);
      while (!reading.isOver) {
        if (rig.engine.hasWork) await rig.step();
        await turn();
      }
      await rig.settle();
      await reading.over;
      return reading.events;
    },
  };
}

const chunksOf = (events: readonly FeatureEvent[]): FeatureChunkEvent[] =>
  events.filter((event) => event.kind === "chunk");
const halves = (values: Float32Array): number[] => {
  const target = new Uint16Array(values.length);
  narrowHalf(values, target);
  return [...target];
};

/** What must be told of a continuation, from the definition. */
function expectedOf(tokenIds: readonly number[], valuesOf: (path: readonly number[]) => Float32Array) {
  const paths = [PROMPT, ...tokenIds.map((_, t) => [...PROMPT, ...tokenIds.slice(0, t + 1)])];
  const logits = paths.map((path) => logitsOf(path));
  const rows = logits.map((row) => summarize(row));
  return {
    tokenIds,
    values: paths.slice(1).flatMap((path) => halves(valuesOf(path))),
    logProbs: tokenIds.map((id, t) => logits[t]![id]! - rows[t]!.logTotal),
    entropies: rows.slice(0, -1).map(({ entropy }) => entropy),
    nextEntropy: rows.at(-1)!.entropy,
  };
}

describe("features", () => {
  test.each([
    ["hidden", hiddenOf, 6],
    ["logits", logitsOf, 258],
  ] as const)(
    "are %s, log-probs and entropies of every token, in order",
    async (features, valuesOf, width) => {
      const { engine, featurize } = createRig();
      const texts = [letters(4), letters(1, 4), letters(300, 1), letters(7, 2)];
      const events = await featurize({ features, continuations: tokens(...texts) });
      expect(events[0]).toEqual({
        kind: "featurizing",
        promptTokenIds: PROMPT,
        cachedPromptTokens: 0,
        width,
        tokenCounts: [4, 1, 300, 7],
      });
      const places = chunksOf(events).map(({ continuation, firstToken }) => [continuation, firstToken]);
      expect(places).toEqual([
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 128],
        [2, 256],
        [3, 0],
      ]);
      for (const [index, text] of texts.entries()) {
        const own = chunksOf(events).filter(({ continuation }) => continuation === index);
        expect({
          tokenIds: own.flatMap((chunk) => chunk.tokenIds),
          values: own.flatMap((chunk) => [...chunk.values]),
          logProbs: own.flatMap((chunk) => chunk.logProbs),
          entropies: own.flatMap((chunk) => chunk.entropies),
          nextEntropy: own.at(-1)!.nextEntropy,
        }).toEqual(expectedOf(text, valuesOf));
        for (const chunk of own.slice(0, -1)) expect(chunk).not.toHaveProperty("nextEntropy");
      }
      expect(events.at(-1)).toMatchObject({
        kind: "featurized",
        usage: { promptTokens: 5, generatedTokens: 0, reprefilledTokens: 0 },
      });
      expect(engine.stats()).toMatchObject({ sessions: 0, openingSessions: 0, usedKvBytes: 0 });
    },
  );

  test("of texts are those of their tokens", async () => {
    const { featurize } = createRig();
    const [, chunk] = await featurize({ continuations: [{ kind: "text", text: "abc" }] });
    const tokenIds = byteTokenizer.encode("abc", { addSpecialTokens: false });
    expect(chunk).toMatchObject({ tokenIds, nextEntropy: expectedOf(tokenIds, hiddenOf).nextEntropy });
  });

  test("agree with a session's steps", async () => {
    const { open, settle, featurize } = createRig();
    const prompt = REQUEST.prompt;
    const session = await open({ prompt, includeHiddenStates: true });
    void session.grow({ nodeId: 0, count: 6, until: "step" });
    session.end();
    await settle();
    const steps = stepsOf(await readEvents(session));
    const events = await featurize({ continuations: tokens(...steps.map(({ tokenIds }) => tokenIds)) });
    for (const [
      i,
      { tokenIds, logProbs, entropies, nextEntropy, hiddenStates, finishReason },
    ] of steps.entries()) {
      const chunk = chunksOf(events)[i]!;
      expect(chunk).toMatchObject({ tokenIds, logProbs, entropies });
      if (finishReason === "step") expect(chunk.nextEntropy).toBe(nextEntropy);
      expect(chunk.values).toEqual(hiddenStates);
    }
  });

  test("come in events that hold no more than they should", async () => {
    const model = createPathModel();
    const { prefix, output } = await model.prefill(PROMPT, { logits: "last" });
    const tokenIds = letters(8);
    const job = new FeatureJob({
      prepared: {
        prompt: { tokenIds: PROMPT, salt: undefined, priority: 0, probes: [] },
        continuations: [tokenIds],
        features: "hidden",
        width: 6,
        eventTokens: 3,
      },
      prompt: {
        growable: { kv: prefix, logits: output.logits },
        cachedTokens: 0,
        probe: new Float32Array(0),
        release: () => {},
      },
      model,
      usage: new UsageMeter(model.info, 5, 0),
      onRead: () => {},
    });
    job.begin();
    await job.run();
    job.finish();
    const events: FeatureEvent[] = [];
    for await (const event of job.events) events.push(event);
    const chunks = chunksOf(events);
    expect(chunks.map(({ firstToken }) => firstToken)).toEqual([0, 3, 6]);
    expect(chunks.flatMap((chunk) => [...chunk.values])).toEqual(expectedOf(tokenIds, hiddenOf).values);
    expect(chunks.map((chunk) => chunk.nextEntropy !== undefined)).toEqual([false, false, true]);
  });

  test("are cut at a mebibyte, whatever the width", async () => {
    const { engine } = createRig();
    const text = { tokenizer: byteTokenizer, eosTokenIds: [], maxTokenCharacters: 1 };
    const eventTokens = async (hiddenSize: number): Promise<number> =>
      (await prepareFeatures(REQUEST, { ...engine.info, hiddenSize, hiddenStateCount: 10 }, text, idle))
        .eventTokens;
    // 2 bytes a number, 10 states.
    expect(await eventTokens(512)).toBe(102);
    expect(await eventTokens(100_000)).toBe(1);
    await expect(eventTokens(200_000)).rejects.toMatchObject({
      code: "invalid_argument",
      details: {
        fieldViolations: [{ field: "features", description: expect.stringContaining("got 4000000") }],
      },
    });
  });
});

describe("the engine's time", () => {
  test("goes to short texts side by side and to long ones in pieces, with a token of every row between them", async () => {
    const { engine, model, open, step, start, settle } = createRig({ limits: { maxBatchRows: 5 } });
    const session = await open();
    const grow = (): void =>
      void session.grow({ nodeId: 0, count: 1, until: "end", sampling: { temperature: 1 } });
    grow();
    await step();
    const before = model.calls.length;
    // 3 x 40 places, then 2 x 40 because 3 x 60 are too many, then 60, then 128 + 128 + 44.
    const lengths = [40, 30, 40, 40, 7, 60, 300];
    const reading = start({ continuations: tokens(...lengths.map((length) => letters(length))) });
    await turn();
    while (!reading.isOver) {
      // A row whose text is over would not run: the session keeps one running.
      grow();
      await step();
      await turn();
    }
    const runs = model.calls.slice(before);
    const kinds = runs.map((call) => ("prefill" in call ? "prompt" : call.rows));
    const texts = kinds.filter((_, i) => i % 2 === 0);
    expect(texts.slice(0, 7)).toEqual(["prompt", 3, 2, 1, 1, 1, 1]);
    expect(engine.stats().runningRows).toBeGreaterThan(0);
    session.cancel();
    await settle();
  });

  test("is shared by turns with prompts and others of one priority, a higher one going first", async () => {
    const { model, start, step, engine, next } = createRig({ info: { prefillChunkTokens: 4 } });
    const order: string[] = [];
    const first = start({ continuations: tokens(letters(400)) });
    while (first.events.length === 0) await next();
    const long = engine.openSession({ ...OPEN, prompt: { kind: "tokens", tokenIds: letters(40) } }, idle);
    long.then(
      (session) => session.cancel(),
      () => {},
    );
    const high = start({ priority: 1, continuations: tokens(letters(200)), cacheSalt: "other" });
    await turn();
    let seen = model.calls.length;
    while (!first.isOver || !high.isOver || engine.hasWork) {
      const counts = [first.events.length, high.events.length];
      await step();
      await turn();
      for (const call of model.calls.slice(seen))
        order.push("prefill" in call ? "prompt" : high.events.length > counts[1]! ? "high" : "first");
      seen = model.calls.length;
    }
    // The prompt of the higher one, its two runs, then one and the other by turns.
    expect(order.slice(0, 4)).toEqual(["prompt", "prompt", "high", "high"]);
    expect(order.slice(4, 10).join(" ")).toMatch(
      /^(prompt first|first prompt)( prompt first| first prompt){2}$/,
    );
  });

  test("is not spent further ahead of the reader than a number of events", async () => {
    const { engine, settle, calm } = createRig({ maxUnreadEvents: 3 });
    const continuations = tokens(...Array.from({ length: 40 }, () => letters(100)));
    const reader = engine.featurize({ ...REQUEST, continuations }, idle)[Symbol.asyncIterator]();
    const first = reader.next();
    for (let i = 0; i < 20; i++) await calm();
    expect(await first).toMatchObject({ value: { kind: "featurizing" } });
    await settle();
    expect(engine.hasWork).toBe(false);
    expect(engine.stats().sessions).toBe(1);
    let count = 0;
    for (let event = reader.next(); ; event = reader.next()) {
      for (let i = 0; i < 3; i++) await calm();
      if ((await event).done === true) break;
      count++;
    }
    expect(count).toBe(41);
    await settle();
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });
});

describe("the engine's memory", () => {
  test("is given back when the caller leaves or aborts, between two runs", async () => {
    const { engine, start, settle, next } = createRig();
    const gone = new AbortController();
    const long = { continuations: tokens(letters(900)) };
    const aborted = start(long, gone.signal);
    const left = engine.featurize({ ...REQUEST, ...long }, idle)[Symbol.asyncIterator]();
    const first = left.next();
    while (aborted.events.length < 2 || engine.stats().sessions < 2) await next();
    await first;
    expect(engine.stats().memory.slotBytes).toBeGreaterThan(0);
    gone.abort(new Error("deadline"));
    await left.return?.(undefined);
    await expect(aborted.over).rejects.toThrow("deadline");
    await settle();
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("is not had while the prompt still runs either", async () => {
    const { engine, start, step, settle } = createRig({ info: { prefillChunkTokens: 2 } });
    const gone = new AbortController();
    const reading = start({}, gone.signal);
    await turn();
    await step();
    expect(engine.stats()).toMatchObject({ openingSessions: 1 });
    gone.abort(new Error("gone"));
    await expect(reading.over).rejects.toThrow("gone");
    await settle();
    expect(engine.stats()).toMatchObject({ openingSessions: 0, usedKvBytes: 0 });
  });

  test("must have room for a text, which no session makes for it", async () => {
    const promptBytes = 5 * pathModelInfo.kvBytesPerToken + 4 * pathModelInfo.vocabularySize;
    const { open, featurize, engine, settle } = createRig({
      limits: { maxKvBytes: 2 * promptBytes + 100 * pathModelInfo.kvBytesPerToken },
    });
    const session = await open();
    await expect(featurize({ continuations: tokens(letters(10), letters(104)) })).rejects.toMatchObject({
      code: "resource_exhausted",
      details: { reason: "KV_MEMORY", retryAfterMs: expect.any(Number) },
    });
    const events = await featurize({ continuations: tokens(letters(100)) });
    expect(events.at(-1)).toMatchObject({ kind: "featurized" });
    session.cancel();
    await settle();
    expect(engine.stats().usedKvBytes).toBe(0);
  });

  test("goes to sessions that run out of it before texts", async () => {
    const promptBytes = 5 * pathModelInfo.kvBytesPerToken + 4 * pathModelInfo.vocabularySize;
    const { open, start, settle, next } = createRig({
      limits: { maxKvBytes: 3 * promptBytes + 904 * pathModelInfo.kvBytesPerToken },
    });
    const session = await open();
    const reading = start({ continuations: tokens(letters(900)) });
    while (reading.events.length < 2) await next();
    void session.grow({ nodeId: 0, count: 6, until: "step", sampling: { topK: 8 } });
    session.end();
    await settle();
    await expect(reading.over).rejects.toMatchObject({ code: "resource_exhausted" });
    expect((await readEvents(session)).at(-1)).toMatchObject({ kind: "closed" });
  });

  test("has a prompt once for a session and for texts behind it, and keeps it", async () => {
    const { featurize, model, open } = createRig({ limits: { maxPrefixCacheBytes: 100_000 } });
    await featurize();
    const again = await featurize();
    expect(again[0]).toMatchObject({ cachedPromptTokens: 5 });
    expect((await open({ prompt: REQUEST.prompt })).opened.cachedPromptTokens).toBe(5);
    expect((await featurize({ cacheSalt: "other" }))[0]).toMatchObject({ cachedPromptTokens: 0 });
    expect(model.calls.filter((call) => "prefill" in call)).toHaveLength(2);
  });
});

describe("a request", () => {
  const refusals: readonly [string, Partial<FeaturizeRequest>, string, RegExp][] = [
    [
      "without a token in its prompt",
      { prompt: { kind: "tokens", tokenIds: [] } },
      "prompt",
      /at least one token/,
    ],
    [
      "whose prompt fills the context",
      { prompt: { kind: "tokens", tokenIds: letters(1024) } },
      "prompt",
      /at most 1023 fit/,
    ],
    [
      "with a prompt id out of the vocabulary",
      { prompt: { kind: "tokens", tokenIds: [1, 258] } },
      "prompt_token_ids.ids[1]",
      /\[0, 257\], got 258/,
    ],
    [
      "with messages for a model without a template",
      { prompt: { kind: "messages", messages: [{ role: "user", content: "hi" }] } },
      "messages",
      /no chat template; send prompt/,
    ],
    [
      "with an empty continuation",
      { continuations: tokens(letters(1), []) },
      "continuations[1].token_ids.ids",
      /at least one token/,
    ],
    [
      "with an id out of the vocabulary",
      { continuations: tokens(letters(3), [97, 98, -1]) },
      "continuations[1].token_ids.ids[2]",
      /\[0, 257\], got -1/,
    ],
    [
      "with a continuation beyond the context",
      { continuations: tokens(letters(1020)) },
      "continuations[0].token_ids.ids",
      /has 1020 tokens, at most 1019 fit/,
    ],
    [
      "with a text beyond the context",
      { continuations: [{ kind: "text", text: "x".repeat(1001) }] },
      "continuations[0].text",
      /at most 1000 bytes, got 1001/,
    ],
  ];

  test.each(refusals)("%s is refused by name", async (_title, request, field, description) => {
    const { engine, featurize, model } = createRig();
    await expect(featurize(request)).rejects.toMatchObject({
      code: "invalid_argument",
      details: { fieldViolations: [{ field, description: expect.stringMatching(description) }] },
    });
    expect(model.calls).toEqual([]);
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("takes one of the places of sessions", async () => {
    const { open, featurize, start, settle, next } = createRig({ limits: { maxSessions: 1 } });
    const reading = start({ continuations: tokens(letters(900)) });
    while (reading.events.length < 2) await next();
    await expect(open()).rejects.toMatchObject({ code: "resource_exhausted" });
    await expect(featurize()).rejects.toMatchObject({ details: { reason: "SESSIONS" } });
    await settle();
    await reading.over;
    await expect(open()).resolves.toBeDefined();
  });

  test("ends alone when the model fails", async () => {
    let fail = false;
    const { engine, start, step, open, settle, next } = createRig({
      gate: () => {
        if (fail) throw new Error("out of luck");
      },
    });
    const session = await open();
    const reading = start();
    while (reading.events.length === 0) await next();
    fail = true;
    await step();
    fail = false;
    await expect(reading.over).rejects.toMatchObject({ code: "internal" });
    session.cancel();
    await settle();
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("fails as unavailable when the engine is disposed under it", async () => {
    const { engine, start, next } = createRig();
    const reading = start({ continuations: tokens(letters(900)) });
    while (reading.events.length < 2) await next();
    await engine.dispose();
    await expect(reading.over).rejects.toMatchObject({ code: "unavailable" });
  });
});

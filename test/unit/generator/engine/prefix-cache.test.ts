import { describe, expect, test } from "vitest";
import { MemoryAccountant, noHoldings } from "#generator/engine/memory-accountant.js";
import { PrefixCache } from "#generator/engine/prefix-cache.js";
import type { EngineEvent, EngineSession, OpenSession } from "#generator/engine/types.js";
import { OPEN, byPlace, createTestEngine, readEvents, stepsOf } from "../../../fakes/local-engine.js";
import { pathModelInfo } from "../../../fakes/path-model.js";

const CHUNK = 4;
const COMMON = Array.from({ length: 10 }, (_, i) => 65 + i);
/** Of a prompt, with the logits after it. */
const bytes = (tokens: number): number =>
  tokens * pathModelInfo.kvBytesPerToken + 4 * pathModelInfo.vocabularySize;

function createRig(maxPrefixCacheBytes = 100_000, maxKvBytes = 1_000_000) {
  const rig = createTestEngine({
    info: { contextLength: 256, prefillChunkTokens: CHUNK },
    limits: { maxPrefixCacheBytes, maxKvBytes },
  });
  const start = (tokenIds: readonly number[], more: Partial<OpenSession> = {}): Promise<EngineSession> => {
    const prompt = { kind: "tokens", tokenIds } as const;
    return rig.engine.openSession({ ...OPEN, prompt, ...more }, new AbortController().signal);
  };
  const open = async (tokenIds: readonly number[], more: Partial<OpenSession> = {}) => {
    const opening = start(tokenIds, more);
    opening.catch(() => {});
    await rig.settle();
    return opening;
  };
  const close = async (session: EngineSession): Promise<void> => {
    session.cancel();
    await rig.settle();
  };
  /** Opens and closes. Returns how many tokens were not run. */
  const cachedOf = async (tokenIds: readonly number[], more: Partial<OpenSession> = {}): Promise<number> => {
    const session = await open(tokenIds, more);
    await close(session);
    return session.opened.cachedPromptTokens;
  };
  const memory = () => rig.engine.stats().memory;
  return { ...rig, start, open, close, cachedOf, memory };
}

describe("a prompt that was run before", () => {
  test("is not run again, after its session or beside it", async () => {
    const { model, open, close, engine, memory } = createRig();
    const first = await open(COMMON);
    const ran = model.calls.length;
    const beside = await open(COMMON);
    expect(memory().prefixKvBytes).toBe(10 * pathModelInfo.kvBytesPerToken);
    await close(first);
    await close(beside);
    const later = await open(COMMON);
    expect(model.calls.length).toBe(ran);
    expect([first, beside, later].map(({ opened }) => opened.cachedPromptTokens)).toEqual([0, 10, 10]);
    expect(engine.stats()).toMatchObject({ promptTokens: 30, cachedPromptTokens: 20 });
    await close(later);
    expect(engine.stats().usedKvBytes).toBe(0);
    expect(memory()).toMatchObject({ prefixKvBytes: 0, logitsBytes: 0, prefixCacheBytes: bytes(10) });
  });

  test("is grown as if it had been run, and costs nothing", async () => {
    const grow = async (sessions: number) => {
      const { open, settle } = createRig();
      let events: EngineEvent[] = [];
      for (let i = 0; i < sessions; i++) {
        const session = await open(COMMON);
        void session.grow({ nodeId: 0, count: 4, until: "end" });
        session.end();
        await settle();
        events = await readEvents(session);
      }
      return events;
    };
    const [cold, warm] = [await grow(1), await grow(2)];
    expect(byPlace(stepsOf(warm))).toEqual(byPlace(stepsOf(cold)));
    const [coldUsage, warmUsage] = [cold, warm].map((events) => {
      const closed = events.at(-1)!;
      return closed.kind === "closed" ? closed.usage : undefined;
    });
    expect(warmUsage).toMatchObject({ promptTokens: 10, cachedPromptTokens: 10, reprefilledTokens: 0 });
    expect(coldUsage!.flops - warmUsage!.flops).toBeGreaterThan(10 * pathModelInfo.flopsPerToken);
  });

  test("is waited for while it is being run", async () => {
    const { model, start, settle } = createRig();
    const openings = [start(COMMON), start(COMMON), start(COMMON)];
    await settle();
    const sessions = await Promise.all(openings);
    expect(model.calls).toEqual([{ prefill: 4 }, { prefill: 4 }, { prefill: 2 }]);
    expect(sessions.map(({ opened }) => opened.cachedPromptTokens)).toEqual([0, 10, 10]);
  });

  test("is run by the next one when the first is cancelled", async () => {
    const { model, start, settle, step, engine } = createRig();
    const gone = new AbortController();
    const prompt = { kind: "tokens", tokenIds: COMMON } as const;
    const first = engine.openSession({ ...OPEN, prompt }, gone.signal);
    const second = start(COMMON);
    await step();
    gone.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    await settle();
    expect((await second).opened.cachedPromptTokens).toBe(0);
    expect(model.calls).toHaveLength(1 + 3);
  });

  test("with a probe of it asked for, runs its last chunk again and nothing more is kept", async () => {
    const { open, close, cachedOf, memory } = createRig();
    const probe = {
      name: "p",
      input: "hidden" as const,
      modelHash: pathModelInfo.hash,
      weights: Float32Array.from({ length: 6 }, (_, i) => i),
      shape: [1, 6] as const,
    };
    const cold = await open(COMMON, { probes: [probe], includePromptProbe: true });
    await close(cold);
    const warm = await open(COMMON, { probes: [probe], includePromptProbe: true });
    expect(warm.opened.cachedPromptTokens).toBe(8);
    expect(warm.opened.promptProbe).toEqual(cold.opened.promptProbe);
    await close(warm);
    expect(memory().prefixCacheBytes).toBe(bytes(10));
    expect(await cachedOf(COMMON, { probes: [probe] })).toBe(10);
  });
});

describe("a prompt that begins like another", () => {
  test.each([
    ["extended", [...COMMON, 1, 2, 3], 8],
    ["extended at the end of a chunk", [...COMMON.slice(0, 8), 1], 8],
    ["cut at the end of a chunk: a token has to run", COMMON.slice(0, 8), 4],
    ["cut", COMMON.slice(0, 7), 4],
    ["different from the seventh token on", [...COMMON.slice(0, 6), 1, 2, 3, 4], 4],
    ["different from the third token on", [...COMMON.slice(0, 2), 1, 2, 3, 4], 0],
  ])("%s", async (_, tokenIds, cached) => {
    const { cachedOf, open, settle } = createRig();
    await cachedOf(COMMON);
    const session = await open(tokenIds);
    expect(session.opened.cachedPromptTokens).toBe(cached);
    const alone = createRig();
    const cold = await alone.open(tokenIds);
    for (const each of [session, cold]) {
      void each.grow({ nodeId: 0, count: 3, until: "end" });
      each.end();
    }
    await settle();
    await alone.settle();
    const [warmSteps, coldSteps] = [stepsOf(await readEvents(session)), stepsOf(await readEvents(cold))];
    expect(byPlace(warmSteps)).toEqual(byPlace(coldSteps));
  });

  test("takes the longest beginning there is", async () => {
    const { cachedOf } = createRig();
    await cachedOf([...COMMON.slice(0, 4), 1]);
    await cachedOf([...COMMON, 1, 2, 3]);
    await cachedOf([...COMMON.slice(0, 9), 2]);
    expect(await cachedOf([...COMMON, 1, 2, 4])).toBe(12);
  });
});

describe("prompts are shared", () => {
  test("by requests with the same salt only", async () => {
    const { cachedOf } = createRig();
    const salted = { cacheSalt: "a" };
    expect(await cachedOf(COMMON)).toBe(0);
    expect(await cachedOf(COMMON, salted)).toBe(0);
    expect(await cachedOf([...COMMON, 1], { cacheSalt: "b" })).toBe(0);
    expect(await cachedOf(COMMON, salted)).toBe(10);
    expect(await cachedOf(COMMON)).toBe(10);
  });

  test("by nobody when the cache is off", async () => {
    const { cachedOf, memory, start, settle } = createRig(0);
    expect(await cachedOf(COMMON)).toBe(0);
    expect(await cachedOf(COMMON)).toBe(0);
    const openings = [start(COMMON), start(COMMON)];
    await settle();
    for (const opening of openings) expect((await opening).opened.cachedPromptTokens).toBe(0);
    expect(memory().prefixCacheBytes).toBe(0);
  });
});

describe("prompts that nobody uses", () => {
  const prompt = (name: number): number[] => [name, ...COMMON.slice(1)];

  test("are kept up to a number of bytes, those used last", async () => {
    const { cachedOf, memory } = createRig(2 * bytes(10));
    for (const name of [1, 2, 1, 3]) await cachedOf(prompt(name));
    expect(memory().prefixCacheBytes).toBe(2 * bytes(10));
    expect(await cachedOf(prompt(1))).toBe(10);
    expect(await cachedOf(prompt(2))).toBe(0);
  });

  test("stay when a copy of their beginning is made", async () => {
    const { cachedOf } = createRig(2 * bytes(10) + 100);
    await cachedOf(prompt(1));
    await cachedOf(prompt(2));
    // A copy of the older one's beginning; what is kept of it pushes out the other.
    expect(await cachedOf([...prompt(1).slice(0, 9), 7])).toBe(8);
    expect(await cachedOf(prompt(1))).toBe(10);
    expect(await cachedOf(prompt(2))).toBe(0);
  });

  test("give way before a session is refused; those in use do not", async () => {
    const { cachedOf, open, close, memory } = createRig(100_000, 3 * bytes(10));
    await cachedOf(prompt(1));
    await cachedOf(prompt(2));
    const used = await open(prompt(3));
    const [second, third] = [await open(prompt(4)), await open(prompt(5))];
    expect(memory()).toMatchObject({ prefixCacheBytes: 0, prefixKvBytes: 3 * 80 });
    await expect(open(prompt(6))).rejects.toMatchObject({ code: "resource_exhausted" });
    await close(second);
    await close(third);
    expect(await cachedOf(prompt(6))).toBe(0);
    expect(await cachedOf(prompt(3))).toBe(10);
    await close(used);
  });

  test("give way to rows that run", async () => {
    const { cachedOf, open, settle, engine } = createRig(100_000, 8 * bytes(10));
    for (const name of [1, 2, 3, 4, 5, 6]) await cachedOf(prompt(name));
    const session = await open(prompt(7));
    void session.grow({ nodeId: 0, count: 4, until: "end" });
    session.end();
    await settle();
    expect((await readEvents(session)).at(-1)).toMatchObject({ kind: "closed" });
    expect(engine.stats().usedKvBytes).toBe(0);
  });

  test("are given up where the slots have passed the cap, and everything is given back", () => {
    const accountant = new MemoryAccountant(1000);
    const cache = new PrefixCache(accountant, 1000);
    const kv = { tokenCount: 1, byteLength: 400, data: new Float32Array(100) };
    const key = { tokenIds: [1], salt: undefined };
    const used = cache.add(key, { kv, logits: new Float32Array(25) });
    accountant.setSlots(600);
    cache.release(used);
    expect(accountant.held).toEqual({ ...noHoldings(), slots: 600 });
    accountant.setSlots(0);
    const kept = cache.add(key, { kv, logits: new Float32Array(25) });
    cache.release(kept);
    expect(accountant.held).toEqual({ ...noHoldings(), cached: 500 });
    accountant.setSlots(600);
    expect(() => cache.use(kept)).toThrow(/keys and values are limited to 1000 bytes/);
    expect(accountant.held).toEqual({ ...noHoldings(), slots: 600 });
  });

  test("are gone with the engine", async () => {
    const { cachedOf, engine, memory } = createRig();
    await cachedOf(COMMON);
    await engine.dispose();
    engine.checkIntegrity();
    expect(memory().prefixCacheBytes).toBe(0);
  });
});

import { describe, expect, test } from "vitest";
import type { OpenSession } from "#generator/engine/types.js";
import { OPEN, createTestEngine, readEvents, stepsOf } from "../../../fakes/local-engine.js";

const CHUNK = 4;
const idle = new AbortController().signal;

const tokensOf = (count: number, first = 65): number[] =>
  Array.from({ length: count }, (_, i) => first + (i % 8));

const request = (tokenIds: readonly number[], more: Partial<OpenSession> = {}): OpenSession => ({
  ...OPEN,
  prompt: { kind: "tokens", tokenIds },
  ...more,
});

/** The names of openings in the order in which they get their sessions. */
function createRig(options: Parameters<typeof createTestEngine>[0] = {}) {
  const info = { contextLength: 256, prefillChunkTokens: CHUNK };
  const rig = createTestEngine({ ...options, info });
  const order: string[] = [];
  const start = (
    name: string,
    tokenIds: readonly number[],
    more: Partial<OpenSession> = {},
    signal = idle,
  ) => {
    const opening = rig.engine.openSession(request(tokenIds, more), signal);
    opening.then(
      () => order.push(name),
      () => order.push(`${name} refused`),
    );
    return opening;
  };
  return { ...rig, order, start };
}

describe("a prompt", () => {
  test("runs in chunks; a row that runs gets a token after each of them", async () => {
    const { model, open, step, settle, start } = createRig();
    const session = await open();
    void session.grow({ nodeId: 0, count: 1, until: "end", maxTokens: 250, sampling: { temperature: 1 } });
    await step();
    const before = model.calls.length;
    const opening = start("long", tokensOf(12 * CHUNK));
    // A row whose text is over would not run: the session keeps one running.
    for (let i = 0; i < 12; i++) {
      void session.grow({ nodeId: 0, count: 1, until: "end" });
      await step();
    }
    await opening;
    const kinds = model.calls.slice(before).map((call) => ("prefill" in call ? "chunk" : "rows"));
    expect(kinds.filter((kind) => kind === "chunk")).toHaveLength(12);
    expect(kinds.join(" ")).not.toContain("chunk chunk");
    session.cancel();
    await settle();
  });

  test("takes turns with others of its priority, so that a short one does not wait for a long one", async () => {
    const { order, start, settle } = createRig();
    const all = [
      start("long", tokensOf(40)),
      start("short", tokensOf(6, 70)),
      start("shorter", tokensOf(2, 80)),
    ];
    await settle();
    await Promise.all(all);
    expect(order).toEqual(["shorter", "short", "long"]);
  });

  test("of a higher priority runs first", async () => {
    const { order, start, settle, step } = createRig();
    const low = start("low", tokensOf(12), { priority: -1 });
    await step();
    const all = [low, start("normal", tokensOf(12, 70)), start("high", tokensOf(12, 80), { priority: 10 })];
    await settle();
    await Promise.all(all);
    expect(order).toEqual(["high", "normal", "low"]);
  });

  test("that is cancelled between two chunks gives everything back, and the others go on", async () => {
    const { engine, start, step, settle, order } = createRig();
    const gone = new AbortController();
    const cancelled = start("gone", tokensOf(30), {}, gone.signal);
    const other = start("other", tokensOf(20, 70));
    await step();
    await step();
    expect(engine.stats()).toMatchObject({ openingSessions: 2, sessions: 0 });
    expect(engine.stats().memory.prefixKvBytes).toBeGreaterThan(0);
    gone.abort(new Error("deadline"));
    await expect(cancelled).rejects.toThrow("deadline");
    await settle();
    (await other).cancel();
    await settle();
    expect(order).toEqual(["gone refused", "other"]);
    expect(engine.stats()).toMatchObject({ openingSessions: 0, sessions: 0, usedKvBytes: 0 });
  });

  test("that fails in the model refuses its session alone", async () => {
    let fail = false;
    const { engine, start, settle, step } = createRig({
      gate: () => {
        if (fail) throw new Error("out of luck");
      },
    });
    const broken = start("broken", tokensOf(9));
    await step();
    fail = true;
    await step();
    fail = false;
    await expect(broken).rejects.toThrow("out of luck");
    const other = start("other", tokensOf(9));
    await settle();
    (await other).cancel();
    await settle();
    expect(engine.stats().usedKvBytes).toBe(0);
  });

  test("that is being run makes way when rows that run need the memory", async () => {
    const limits = { maxKvBytes: 2 * 4 * 258 + 8 * 60 + 8 * 8, maxBatchRows: 1 };
    const { engine, start, settle, order, open } = createRig({ limits });
    const session = await open();
    void session.grow({ nodeId: 0, count: 1, until: "end", sampling: { topK: 8 } });
    const opening = start("opening", tokensOf(56));
    session.end();
    await settle();
    await Promise.allSettled([opening]);
    expect(order).toEqual(["opening refused"]);
    expect((await readEvents(session)).at(-1)).toMatchObject({ kind: "closed" });
    expect(engine.stats()).toMatchObject({ openingSessions: 0, usedKvBytes: 0 });
  });
});

test("rows of a lower priority step aside after their step when higher ones wait", async () => {
  const { engine, open, step, settle } = createRig({ limits: { maxBatchRows: 1 } });
  const [low, high] = [await open({ priority: -1 }), await open({ priority: 3, seed: 3 })];
  void low.grow({ nodeId: 0, count: 4, until: "end", sampling: { temperature: 1.5 } });
  await step();
  const unread = (): number => (low.events as unknown as { unread: number }).unread;
  const before = unread();
  void high.grow({ nodeId: 0, count: 3, until: "end" });
  high.end();
  while (engine.stats().sessions === 2) await step();
  // The step that ran then, and not one more.
  expect(unread()).toBe(before + 1);
  expect((await readEvents(high)).at(-1)).toMatchObject({ kind: "closed" });
  low.cancel();
  await settle();
});

describe("when memory runs out", () => {
  test("the lowest priority goes first, whoever came first", async () => {
    const { open, settle } = createRig({ limits: { maxKvBytes: 10 * 1032 } });
    const low = await open({ priority: -5, seed: 1 });
    const high = await open({ priority: 5, seed: 2 });
    for (const session of [low, high]) {
      void session.grow({ nodeId: 0, count: 3, until: "end", sampling: { temperature: 1.4 } });
      session.end();
    }
    await settle();
    await expect(readEvents(low)).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(stepsOf(await readEvents(high)).length).toBeGreaterThan(2);
  });
});

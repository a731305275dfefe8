import { describe, expect, test } from "vitest";
import type { GrowRequest, OpenSession } from "#generator/engine/types.js";
import { EOS } from "../../../fakes/byte-tokenizer.js";
import { OPEN, byPlace, createTestEngine, readEvents, stepsOf } from "../../../fakes/local-engine.js";

const GROW: GrowRequest = { nodeId: 0, count: 4, until: "end" };

describe("opening a session", () => {
  const width = 6;
  const probe = {
    name: "p",
    input: "hidden" as const,
    modelHash: "path-model-hash",
    weights: new Float32Array(width),
    shape: [1, width] as const,
  };
  const refusals: readonly [string, Partial<OpenSession>, object][] = [
    ["an empty prompt", { prompt: { kind: "tokens", tokenIds: [] } }, { code: "invalid_argument" }],
    [
      "a prompt that leaves no room in the context, with both numbers",
      { prompt: { kind: "tokens", tokenIds: Array<number>(64).fill(65) } },
      { code: "invalid_argument", message: expect.stringMatching(/context of 64 tokens.*prompt of 64/) },
    ],
    [
      "a token id outside of the vocabulary",
      { prompt: { kind: "tokens", tokenIds: [1, 258] } },
      { code: "invalid_argument", message: expect.stringMatching(/ids\[1\] must be in \[0, 257\], got 258/) },
    ],
    [
      "a text longer than the server takes",
      { prompt: { kind: "text", text: "x".repeat(1001) } },
      { code: "invalid_argument", message: expect.stringMatching(/at most 1000 bytes, got 1001/) },
    ],
    [
      "a text that is too long to be worth cutting into tokens",
      { prompt: { kind: "text", text: "x".repeat(257) } },
      { code: "invalid_argument", message: expect.stringMatching(/context of 64 tokens.*got 257/) },
    ],
    [
      "messages for a model without a chat template",
      { prompt: { kind: "messages", messages: [{ role: "user", content: "hi" }] } },
      { code: "invalid_argument", message: expect.stringMatching(/no chat template/) },
    ],
    [
      "a probe for another model",
      { probes: [{ ...probe, modelHash: "other" }] },
      { code: "failed_precondition" },
    ],
    [
      "a probe of another width",
      { probes: [{ ...probe, weights: new Float32Array(4), shape: [1, 4] as const }] },
      { code: "invalid_argument", message: expect.stringMatching(/\[outputs, 6\].*got \[1, 4\]/) },
    ],
  ];

  test.each(refusals)("refuses %s", async (_, request, error) => {
    const { engine, open } = createTestEngine();
    await expect(open(request)).rejects.toMatchObject(error);
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("refuses more sessions than the limit, and takes one again when one has ended", async () => {
    const { open } = createTestEngine({ limits: { maxSessions: 1 } });
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: "resource_exhausted",
      details: { retryAfterMs: 1000 },
    });
    first.cancel();
    await expect(open()).rejects.toThrow(/at most 1 session/);
    await expect(open()).resolves.toBeDefined();
  });

  test("refuses at once, and after its prompt has run, when aborted", async () => {
    const { engine, model, open } = createTestEngine({ gate: () => controller.abort(new Error("gone")) });
    const controller = new AbortController();
    await expect(open({}, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    await expect(open({}, controller.signal)).rejects.toThrow("gone");
    expect(model.calls).toHaveLength(1);
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("leaves the queue when aborted before its turn", async () => {
    const { engine } = createTestEngine();
    const controller = new AbortController();
    const opening = engine.openSession(OPEN, controller.signal);
    controller.abort(new Error("gone"));
    await expect(opening).rejects.toThrow("gone");
    expect(engine.hasWork).toBe(false);
  });
});

describe("growing", () => {
  const refusals: readonly [string, Partial<GrowRequest>, object][] = [
    [
      "an id that was never issued",
      { nodeId: 99 },
      { code: "not_found", message: expect.stringMatching(/got 99/) },
    ],
    ["a count of zero", { count: 0 }, { code: "invalid_argument" }],
    [
      "a count over the limit",
      { count: 17 },
      { code: "invalid_argument", message: expect.stringMatching(/\[1, 16\], got 17/) },
    ],
    ["no tokens", { maxTokens: 0 }, { code: "invalid_argument" }],
    [
      "tokens beyond the context",
      { maxTokens: 65 },
      { code: "invalid_argument", message: expect.stringMatching(/\[1, 64\]/) },
    ],
  ];

  test.each(refusals)("refuses %s and goes on", async (_, request, error) => {
    const { open, settle } = createTestEngine();
    const session = await open();
    const results = Promise.allSettled([session.grow({ ...GROW, ...request }), session.grow(GROW)]);
    session.end();
    await settle();
    expect(await results).toMatchObject([{ reason: error }, { status: "fulfilled" }]);
    expect((await readEvents(session)).at(-1)).toMatchObject({ kind: "closed" });
  });

  test("refuses a node that ended, that runs, that was pruned", async () => {
    const { open, settle, step } = createTestEngine();
    const session = await open();
    void session.grow(GROW);
    await settle();
    const steps = stepsOf(await readEvents(session, 5));
    const ended = steps.find((at) => at.finishReason === "eos")!;
    const top = byPlace(steps).get("/0")!;
    expect(ended.tokenIds.at(-1)).toBe(EOS);
    const grows = [
      session.grow({ ...GROW, nodeId: ended.nodeId }),
      session.grow(GROW),
      session.prune([top.nodeId]),
      session.grow({ ...GROW, nodeId: top.nodeId }),
    ];
    const results = Promise.allSettled(grows);
    await step();
    expect(await results).toMatchObject([
      {
        status: "rejected",
        reason: { code: "failed_precondition", message: expect.stringMatching(/has ended/) },
      },
      { status: "fulfilled" },
      { status: "fulfilled" },
      {
        status: "rejected",
        reason: { code: "failed_precondition", message: expect.stringMatching(/has been pruned/) },
      },
    ]);
  });

  test("refuses what would pass the session's nodes, and fails a path that grows past them", async () => {
    const { engine, open, settle, step } = createTestEngine({ limits: { maxNodesPerSession: 9 } });
    const session = await open();
    const refused = session.grow({ ...GROW, count: 9 });
    const [rejection] = await Promise.allSettled([refused, step()]);
    expect(rejection).toMatchObject({
      reason: { code: "resource_exhausted", details: { reason: "SESSION_NODES" } },
    });
    void session.grow({ ...GROW, count: 8, sampling: { temperature: 1.5 } });
    await settle();
    await expect(readEvents(session)).rejects.toThrow(/at most 9 nodes/);
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });
});

describe("pruning", () => {
  test("ends what runs and waits below a node as cancelled, reports its grow, and frees it", async () => {
    const { engine, open, settle, step } = createTestEngine({ limits: { maxBatchRows: 2 } });
    // A seed whose first child ends with a step and whose children then do not end at once.
    const session = await open({ stepDelimiter: "a", seed: 3 });
    void session.grow({ nodeId: 0, count: 1, until: "step" });
    await settle();
    const before = engine.stats().usedKvBytes;
    const [first] = stepsOf(await readEvents(session, 2));
    expect(first!.finishReason).toBe("step");
    void session.grow({ nodeId: first!.nodeId, count: 3, until: "end" });
    await step();
    expect(engine.stats()).toMatchObject({ runningRows: 2, waitingRows: 1 });
    void session.prune([first!.nodeId]);
    await step();
    expect(engine.stats()).toMatchObject({ runningRows: 0, waitingRows: 0 });
    expect(engine.stats().usedKvBytes).toBeLessThan(before);
    const events = await readEvents(session, 4);
    expect(events.slice(0, 3)).toMatchObject([
      { finishReason: "cancelled", tokenIds: { length: 1 } },
      { finishReason: "cancelled", tokenIds: { length: 1 } },
      { finishReason: "cancelled", tokenIds: [], text: "" },
    ]);
    expect(events[3]).toEqual({ kind: "grown", nodeId: first!.nodeId, count: 3 });
    session.end();
    await settle();
    const [closed] = await readEvents(session);
    expect(closed).toMatchObject({
      usage: { cancelledTokens: 2, generatedTokens: first!.tokenIds.length + 2 },
    });
  });

  test("refuses unknown ids, pruning nothing; a pruned node is no error", async () => {
    const { engine, open, settle, step } = createTestEngine();
    const session = await open();
    void session.grow({ ...GROW, until: "step" });
    await settle();
    const [first] = stepsOf(await readEvents(session, 5));
    const used = engine.stats().usedKvBytes;
    const results = Promise.allSettled([session.prune([first!.nodeId, 99])]);
    await step();
    expect(await results).toMatchObject([{ reason: { code: "not_found" } }]);
    expect(engine.stats().usedKvBytes).toBe(used);
    const twice = Promise.allSettled([session.prune([first!.nodeId]), session.prune([first!.nodeId])]);
    await step();
    expect(await twice).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
  });
});

describe("ending", () => {
  test("finishes what was asked for, tells the cost and gives everything back", async () => {
    const { engine, open, settle, model } = createTestEngine();
    const session = await open();
    void session.grow(GROW);
    session.end();
    await settle();
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
    const events = await readEvents(session);
    const tokens = stepsOf(events).reduce((sum, step) => sum + step.tokenIds.length, 0);
    const closed = events.at(-1);
    expect(closed).toMatchObject({
      kind: "closed",
      usage: { promptTokens: 5, generatedTokens: tokens, cancelledTokens: 0, reprefilledTokens: 0 },
    });
    // All but the last token of each text were run: 2000 each, and 4 per layer, channel and attended position.
    const runTokens = model.calls.reduce((sum, call) => sum + ("rows" in call ? call.rows : call.prefill), 0);
    const { flops } = (closed as Extract<typeof closed, { kind: "closed" }>).usage;
    expect(flops).toBeGreaterThan(2000 * runTokens);
    expect(flops).toBeLessThan((2000 + 4 * 2 * 2 * 64) * runTokens);
  });

  test("refuses requests afterwards", async () => {
    const { open, step } = createTestEngine();
    const session = await open();
    void session.grow(GROW);
    session.end();
    const late = session.grow(GROW);
    await Promise.all([expect(late).rejects.toMatchObject({ code: "failed_precondition" }), step()]);
  });

  test("by cancelling drops everything between two steps, and the events just end", async () => {
    const { engine, open, step } = createTestEngine();
    const session = await open();
    void session.grow(GROW);
    await step();
    session.cancel();
    session.cancel();
    expect(await readEvents(session)).toEqual([]);
    await step();
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0, runningRows: 0 });
    const late = session.grow(GROW);
    await Promise.all([expect(late).rejects.toMatchObject({ code: "cancelled" }), step()]);
  });

  test("by the signal does the same, and the events throw its reason", async () => {
    const { engine, open, step } = createTestEngine();
    const controller = new AbortController();
    const session = await open({}, controller.signal);
    void session.grow(GROW);
    await step();
    controller.abort(new Error("deadline"));
    await expect(readEvents(session)).rejects.toThrow("deadline");
    await step();
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("with the engine: sessions fail as unavailable, the model is freed, nothing opens any more", async () => {
    const { engine, open, model, step } = createTestEngine();
    const session = await open();
    void session.grow(GROW);
    await step();
    const waiting = engine.openSession(OPEN, new AbortController().signal);
    waiting.catch(() => {});
    await engine.dispose();
    await engine.dispose();
    engine.checkIntegrity();
    await expect(readEvents(session)).rejects.toMatchObject({ code: "unavailable" });
    await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
    await expect(open()).rejects.toMatchObject({ code: "unavailable" });
    expect(model.disposed).toBe(true);
  });

  test("a model that fails ends the sessions that ran, and only these", async () => {
    let broken = false;
    const { engine, open, settle, step } = createTestEngine({
      gate: () => {
        if (broken) throw new Error("out of luck");
      },
    });
    const [idle, session] = [await open(), await open()];
    void session.grow(GROW);
    await step();
    broken = true;
    await step();
    broken = false;
    await expect(readEvents(session)).rejects.toMatchObject({ code: "internal" });
    void idle.grow(GROW);
    idle.end();
    await settle();
    expect((await readEvents(idle)).at(-1)).toMatchObject({ kind: "closed" });
    expect(engine.stats().usedKvBytes).toBe(0);
  });
});

import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ClientSessions, EngineClient } from "#generator/engine/engine-host.js";
import { createEngineService } from "#generator/engine/engine-service.js";
import { drive } from "#generator/engine/local-engine.js";
import { createSharedStats, writeStats } from "#generator/engine/shared-stats.js";
import type { FeatureEvent, FeaturizeRequest } from "#generator/engine/types.js";
import type { EngineMethods, SessionMessage } from "#generator/engine/worker-methods.js";
import { ServiceError } from "#shared/errors.js";
import type { WorkerHost } from "#shared/lm/runtime/worker-host.js";
import {
  OPEN,
  createTestEngine,
  readEvents,
  stepsOf,
  type TestEngineOptions,
} from "../../../fakes/local-engine.js";

/** Both halves in one thread; what passes between them is cloned and takes a turn of the loop, as between threads. */
async function connect(options: TestEngineOptions = {}) {
  const { engine, model } = createTestEngine(options);
  const sessions = new ClientSessions();
  const stats = createSharedStats();
  const service = createEngineService(engine, stats, (message: SessionMessage) => {
    const copy = structuredClone(message);
    void turn().then(() => sessions.receive(copy));
  });
  const stopping = new AbortController();
  const driving = drive(engine, stopping.signal, () => writeStats(stats, engine.stats()));
  const calls: string[] = [];
  let crash: ServiceError | undefined;
  const host: WorkerHost<EngineMethods> = {
    async call(method, args, signal = new AbortController().signal) {
      if (crash !== undefined) throw crash;
      calls.push(method);
      const copy = structuredClone(args);
      await turn();
      return service[method](copy as never, signal) as never;
    },
    async dispose() {
      stopping.abort();
      await driving;
      await engine.dispose();
    },
  };
  const client = new EngineClient(host, await host.call("describe", null), sessions);
  return {
    client,
    engine,
    model,
    calls,
    crash(error: ServiceError) {
      crash = error;
      sessions.crash(error);
    },
  };
}

const signal = new AbortController().signal;

describe("the engine behind messages", () => {
  test("grows the same tree and ends the same way", async () => {
    const { client, engine } = await connect();
    expect(client.info).toEqual(engine.info);
    const session = await client.openSession(OPEN, signal);
    expect(session.opened.promptTokenIds).toHaveLength(5);
    await session.grow({ nodeId: 0, count: 4, until: "end" });
    session.end();
    const events = await readEvents(session);
    const { open, settle } = createTestEngine();
    const local = await open();
    void local.grow({ nodeId: 0, count: 4, until: "end" });
    local.end();
    await settle();
    expect(events).toEqual(await readEvents(local));
    await client.dispose();
  });

  const FEATURIZE: FeaturizeRequest = {
    prompt: OPEN.prompt,
    continuations: Array.from({ length: 60 }, () => ({
      kind: "tokens",
      tokenIds: Array<number>(50).fill(97),
    })),
    features: "logits",
    priority: 0,
  };

  test("gives the same features, no further ahead of the reader than a number of them", async () => {
    const { client, engine } = await connect({ maxUnreadEvents: 2 });
    const reader = client.featurize(FEATURIZE, signal)[Symbol.asyncIterator]();
    const events = [(await reader.next()).value];
    for (let i = 0; i < 300; i++) await turn();
    // Some are on their way, some wait in the engine.
    expect(engine.stats().sessions).toBe(1);
    expect(engine.hasWork).toBe(false);
    for (let next = await reader.next(); next.done !== true; next = await reader.next())
      events.push(next.value);
    const local = createTestEngine();
    const expected: FeatureEvent[] = [];
    const reading = (async () => {
      for await (const event of local.engine.featurize(FEATURIZE, signal)) expected.push(event);
    })();
    while (expected.at(-1)?.kind !== "featurized") {
      await turn();
      await local.settle();
    }
    await reading;
    expect(events).toEqual(expected);
    await client.dispose();
  });

  test("gives features back when their reader leaves, is aborted, or asked for what cannot be", async () => {
    const { client, engine } = await connect();
    for await (const event of client.featurize(FEATURIZE, signal)) if (event.kind === "chunk") break;
    const controller = new AbortController();
    const aborted = (async () => {
      for await (const event of client.featurize(FEATURIZE, controller.signal))
        if (event.kind === "chunk") controller.abort(new Error("deadline"));
    })();
    await expect(aborted).rejects.toThrow("deadline");
    const empty = { ...FEATURIZE, continuations: [{ kind: "tokens", tokenIds: [] }] } as const;
    await expect(client.featurize(empty, signal).next()).rejects.toMatchObject({
      code: "invalid_argument",
      details: { fieldViolations: [{ field: "continuations[0].token_ids.ids" }] },
    });
    for (let i = 0; i < 50; i++) await turn();
    expect(engine.stats()).toMatchObject({ sessions: 0, openingSessions: 0, usedKvBytes: 0 });
    await client.dispose();
  });

  test("passes refusals on with their code and details", async () => {
    const { client } = await connect({ limits: { maxSessions: 1 } });
    const session = await client.openSession(OPEN, signal);
    await expect(client.openSession(OPEN, signal)).rejects.toMatchObject({
      code: "resource_exhausted",
      details: { retryAfterMs: 1000 },
    });
    await expect(session.grow({ nodeId: 5, count: 1, until: "end" })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(session.prune([5])).rejects.toMatchObject({ code: "not_found" });
    await client.dispose();
  });

  test("does not run ahead of a reader who does not read", async () => {
    const { client, engine } = await connect({ maxUnreadEvents: 2 });
    const session = await client.openSession(OPEN, signal);
    for (let i = 0; i < 6; i++) await session.grow({ nodeId: 0, count: 16, until: "step" });
    for (let i = 0; i < 500; i++) await turn();
    expect(engine.stats().waitingRows).toBeGreaterThan(30);
    expect(stepsOf(await readEvents(session, 6 * 17))).toHaveLength(96);
    await client.dispose();
  });

  test("gives everything back when cancelled, aborted or abandoned while opening", async () => {
    const { client, engine, calls } = await connect();
    const controller = new AbortController();
    const opening = client.openSession(OPEN, controller.signal);
    controller.abort(new Error("gone"));
    await expect(opening).rejects.toThrow("gone");
    const open = async (control: AbortController) => {
      const session = await client.openSession(OPEN, control.signal);
      await session.grow({ nodeId: 0, count: 16, until: "end" });
      return session;
    };
    const [cancelled, deadline] = [await open(new AbortController()), new AbortController()];
    const aborted = await open(deadline);
    cancelled.cancel();
    cancelled.cancel();
    deadline.abort(new Error("deadline"));
    expect(await readEvents(cancelled)).toEqual([]);
    await expect(readEvents(aborted)).rejects.toThrow("deadline");
    for (let i = 0; i < 50; i++) await turn();
    expect(calls.filter((method) => method === "cancel")).toHaveLength(3);
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
    expect(client.stats()).toEqual(engine.stats());
    await client.dispose();
  });

  test("fails open sessions as unavailable when it is disposed, which is no crash", async () => {
    const { client } = await connect();
    const session = await client.openSession(OPEN, signal);
    await client.dispose();
    await expect(readEvents(session)).rejects.toMatchObject({ code: "unavailable" });
    expect(client.failed.aborted).toBe(false);
  });

  test("fails every session as unavailable when the Worker dies, and says so", async () => {
    const { client, crash } = await connect();
    const session = await client.openSession(OPEN, signal);
    const reading = readEvents(session);
    crash(new ServiceError("unavailable", "the policy's worker has died"));
    await expect(reading).rejects.toMatchObject({ code: "unavailable" });
    await expect(client.openSession(OPEN, signal)).rejects.toMatchObject({ code: "unavailable" });
    await expect(session.grow({ nodeId: 0, count: 1, until: "end" })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(client.failed.aborted).toBe(true);
  });
});

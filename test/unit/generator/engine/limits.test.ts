import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EngineSession, StepEvent } from "#generator/engine/types.js";
import { OPEN, createTestEngine, engineOn, readEvents, stepsOf } from "../../../fakes/local-engine.js";
import { createPathModel, pathModelInfo } from "../../../fakes/path-model.js";

const PROMPT_BYTES = 5 * pathModelInfo.kvBytesPerToken + 4 * pathModelInfo.vocabularySize;

describe("the memory", () => {
  test("of a prompt must be free, else the session is refused with a time to retry", async () => {
    const { open } = createTestEngine({ limits: { maxKvBytes: 1.5 * PROMPT_BYTES } });
    await open();
    await expect(open()).rejects.toMatchObject({
      code: "resource_exhausted",
      details: { retryAfterMs: 1000 },
    });
  });

  test("that no waiting can free is refused without a time to retry", async () => {
    const { open } = createTestEngine({ limits: { maxKvBytes: PROMPT_BYTES - 1 } });
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "resource_exhausted" });
    expect(refusal).not.toHaveProperty("details.retryAfterMs");
  });

  test("never passes its cap; when it is full the youngest session fails and the oldest gets to its end", async () => {
    const limits = { maxKvBytes: 10 * PROMPT_BYTES };
    const { engine, open, settle } = createTestEngine({ limits });
    const sessions = [await open({ seed: 1 }), await open({ seed: 2 }), await open({ seed: 3 })];
    for (const session of sessions) {
      void session.grow({ nodeId: 0, count: 3, until: "end", sampling: { temperature: 1.4 } });
      session.end();
    }
    await settle();
    const results = await Promise.allSettled(sessions.map((session) => readEvents(session)));
    expect(results[0]).toMatchObject({ status: "fulfilled" });
    expect(results.at(-1)).toMatchObject({
      status: "rejected",
      reason: { code: "resource_exhausted", details: { reason: "KV_MEMORY" } },
    });
    expect(engine.stats().usedKvBytes).toBe(0);
  });
});

test("a row that finds the memory full, and nothing running, has the youngest session make way, not its own", async () => {
  // A byte too few for a slot of four tokens beside two prompts.
  const maxKvBytes = 2 * PROMPT_BYTES + 4 * pathModelInfo.kvBytesPerToken - 1;
  const { open, settle } = createTestEngine({ limits: { maxKvBytes } });
  const [oldest, youngest] = [await open({ seed: 1 }), await open({ seed: 2 })];
  void oldest.grow({ nodeId: 0, count: 1, until: "step", maxTokens: 4 });
  oldest.end();
  await settle();
  expect((await readEvents(oldest)).at(-1)).toMatchObject({ kind: "closed" });
  await expect(readEvents(youngest)).rejects.toMatchObject({ code: "resource_exhausted" });
});

test("logits that are no distribution fail their session; the others go on", async () => {
  const model = createPathModel();
  const { engine, open, settle } = engineOn({
    ...model,
    startPrefill(tokenIds, wanted) {
      const prefill = model.startPrefill(tokenIds, wanted);
      // The prompt "NaN" with the token that begins every text.
      if (tokenIds.length !== 4) return prefill;
      return {
        advance: () => prefill.advance(),
        get remainingTokens() {
          return prefill.remainingTokens;
        },
        get result() {
          const { result } = prefill;
          result.output.logits.fill(Number.NaN);
          return result;
        },
      };
    },
  });
  const sound = await open();
  const broken = await open({ prompt: { kind: "text", text: "NaN" } });
  for (const session of [sound, broken]) {
    void session.grow({ nodeId: 0, count: 2, until: "end" });
    session.end();
  }
  await settle();
  await expect(readEvents(broken)).rejects.toMatchObject({ code: "internal" });
  expect((await readEvents(sound)).at(-1)).toMatchObject({ kind: "closed" });
  expect(engine.stats().usedKvBytes).toBe(0);
});

describe("a session that nobody reads", () => {
  test("is not run further than a number of steps, and goes on when it is read", async () => {
    const { engine, open, settle, step } = createTestEngine({
      maxUnreadEvents: 3,
      limits: { maxBatchRows: 2 },
    });
    const session = await open();
    void session.grow({ nodeId: 0, count: 16, until: "end" });
    session.end();
    for (let i = 0; i < 200; i++) await step();
    expect(engine.hasWork).toBe(false);
    expect(engine.stats()).toMatchObject({ runningRows: 0, sessions: 1 });
    const events = [];
    for (let batch = await drain(session); batch.length > 0; batch = await drain(session)) {
      // What waits unread is the limit and the rows that ran at the time, with their grows and the end.
      expect(batch.length).toBeLessThanOrEqual(3 + 2 + 2);
      events.push(...batch);
      await settle();
    }
    expect(events.at(-1)).toMatchObject({ kind: "closed" });
  });

  test("does not keep others waiting", async () => {
    const { open, settle } = createTestEngine({ maxUnreadEvents: 1, limits: { maxBatchRows: 2 } });
    const [unread, read] = [await open(), await open({ seed: 2 })];
    void unread.grow({ nodeId: 0, count: 16, until: "end" });
    await settle();
    void read.grow({ nodeId: 0, count: 2, until: "step" });
    await settle();
    expect(stepsOf(await drain(read))).toHaveLength(2);
  });
});

describe("a place in the batch", () => {
  test("is given session by session, and given up after a step when others wait", async () => {
    const { engine, open, settle, step } = createTestEngine({ limits: { maxBatchRows: 2 } });
    const [greedy, modest] = [await open(), await open({ seed: 5 })];
    void greedy.grow({ nodeId: 0, count: 16, until: "end" });
    await step();
    void modest.grow({ nodeId: 0, count: 1, until: "step" });
    const before = engine.stats().generatedTokens;
    let done: StepEvent[] = [];
    while (done.length === 0) {
      await step();
      done = stepsOf(await drain(modest));
    }
    // One step of the other's two rows at most, then its own.
    expect(engine.stats().generatedTokens - before).toBeLessThan(80);
    expect(engine.stats().waitingRows).toBeGreaterThan(10);
    greedy.cancel();
    await settle();
  });
});

describe("whatever is asked, in whatever order", () => {
  const command = fc.record({
    kind: fc.constantFrom(
      "open",
      "open",
      "start",
      "featurize",
      "grow",
      "grow",
      "grow",
      "prune",
      "cancel",
      "abort",
      "end",
      "read",
      "step",
      "step",
    ),
    pick: fc.nat(1000),
    count: fc.integer({ min: 1, max: 5 }),
    until: fc.constantFrom("step", "end"),
  });

  test("every byte is booked, and all are given back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 5, maxLength: 30 }),
        fc.nat(3),
        async (commands, memory) => {
          const { engine, open, settle, step } = createTestEngine({
            maxUnreadEvents: 4,
            info: { prefillChunkTokens: 2 },
            limits: {
              maxBatchRows: 3,
              maxSessions: 4,
              maxNodesPerSession: 30,
              maxKvBytes: [4, 8, 20, 1000][memory]! * PROMPT_BYTES,
              maxPrefixCacheBytes: [3, 0, 5, 1000][memory]! * PROMPT_BYTES,
            },
          });
          const live: { session: EngineSession; controller: AbortController; nodes: number[] }[] = [];
          const starting: AbortController[] = [];
          for (const { kind, pick, count, until } of commands) {
            const at = live[pick % Math.max(1, live.length)];
            const request = {
              prompt: { kind: "text", text: "1+1=2 and 3+4=7".slice(0, 3 * count) } as const,
              seed: pick,
              priority: pick % 3,
            };
            if (kind === "open") {
              const controller = new AbortController();
              const session = await open(request, controller.signal).catch(() => undefined);
              if (session !== undefined) live.push({ session, controller, nodes: [0] });
            } else if (kind === "start") {
              const controller = new AbortController();
              starting.push(controller);
              engine.openSession({ ...OPEN, ...request }, controller.signal).then(
                (session) => live.push({ session, controller, nodes: [0] }),
                () => {},
              );
            } else if (kind === "featurize") {
              const controller = new AbortController();
              starting.push(controller);
              const continuations = Array.from(
                { length: count },
                (_, i) =>
                  ({ kind: "tokens", tokenIds: Array<number>(1 + ((pick + i) % 45)).fill(97) }) as const,
              );
              const features = { prompt: request.prompt, continuations, features: "hidden" } as const;
              void readAll(engine.featurize({ ...features, priority: request.priority }, controller.signal));
            } else if (kind === "abort" && starting.length > 0) starting.shift()!.abort();
            else if (kind === "step") await step();
            else if (at === undefined) continue;
            else if (kind === "grow")
              at.session.grow({ nodeId: at.nodes[pick % at.nodes.length]!, count, until }).catch(() => {});
            else if (kind === "prune") at.session.prune([at.nodes[pick % at.nodes.length]!]).catch(() => {});
            else if (kind === "cancel") at.session.cancel();
            else if (kind === "abort") at.controller.abort();
            else if (kind === "end") at.session.end();
            else at.nodes.push(...stepsOf(await drain(at.session)).map((event) => event.nodeId));
          }
          for (const controller of starting) controller.abort();
          for (const { session } of live) session.cancel();
          await settle();
          expect(engine.stats()).toMatchObject({
            sessions: 0,
            usedKvBytes: 0,
            runningRows: 0,
            waitingRows: 0,
            openingSessions: 0,
          });
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** As they come, to whatever end. */
async function readAll(events: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // Refused, pushed out or aborted.
  }
}

/** The events that are there now. */
async function drain(session: EngineSession) {
  const { unread } = session.events as unknown as { unread: number };
  return readEvents(session, unread).catch(() => []);
}

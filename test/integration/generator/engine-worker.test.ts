/** The engine in its Worker, on a real checkpoint made by others. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EngineHost, startEngineHost } from "#generator/engine/engine-host.js";
import type { OpenSession } from "#generator/engine/types.js";
import type { EngineSetup } from "#generator/engine/worker.js";
import { LIMITS, OPEN, readEvents, stepsOf } from "../../fakes/local-engine.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { describeWithShared, sharedPath } from "../../shared-data.js";

const signal = new AbortController().signal;

async function setupFor(checkpointDir: string): Promise<EngineSetup> {
  const limits = { ...LIMITS, maxBatchRows: 16, maxKvBytes: 2 ** 28, maxPromptBytes: 1_000_000 };
  const cacheDir = await temporaryDirectory();
  return { checkpointDir, precision: "fp32", threads: 2, cacheDir, limits, maxUnreadEvents: 64 };
}

test("a Worker that cannot load its checkpoint says why", async () => {
  const missing = await setupFor("no/such/checkpoint");
  await expect(startEngineHost(missing)).rejects.toMatchObject({ code: "not_found" });
});

describeWithShared("stories260K through the engine", ["models/stories260K"], () => {
  const directory = sharedPath("models", "stories260K")!;
  const expected = JSON.parse(readFileSync(`${directory}/expected.json`, "utf8")) as {
    prompt_ids: number[];
    greedy_ids: number[];
    text: string;
  };
  const open: OpenSession = {
    ...OPEN,
    prompt: { kind: "tokens", tokenIds: expected.prompt_ids },
    sampling: { temperature: 0 },
    stepDelimiter: ".",
  };
  let engine: EngineHost;
  beforeAll(async () => {
    engine = await startEngineHost(await setupFor(directory));
  });
  afterAll(() => engine.dispose());

  test("tells its known story, sentence by sentence", async () => {
    const session = await engine.openSession(open, signal);
    const maxTokens = expected.greedy_ids.length - expected.prompt_ids.length;
    await session.grow({ nodeId: 0, count: 1, until: "end", maxTokens });
    session.end();
    const steps = stepsOf(await readEvents(session));
    expect(steps.flatMap((step) => step.tokenIds)).toEqual(
      expected.greedy_ids.slice(expected.prompt_ids.length),
    );
    // The text's very first space belongs to the tokenizer's way of starting one.
    expect(steps.map((step) => step.text).join("")).toBe(expected.text.trimStart());
    expect(steps.map((step) => step.text)).toContain(" She loved to play outside in the park.");
  });

  test("tells the same story in sixteen rows at once, and costs no token twice", async () => {
    const session = await engine.openSession(open, signal);
    await session.grow({ nodeId: 0, count: 16, until: "end", maxTokens: 40 });
    session.end();
    const events = await readEvents(session);
    const stories = new Map<number, number[]>();
    for (const step of stepsOf(events)) {
      const root = step.parentId === 0 ? [] : stories.get(step.parentId)!;
      stories.set(step.nodeId, [...root, ...step.tokenIds]);
    }
    const whole = [...stories.values()].filter((tokenIds) => tokenIds.length === 40);
    expect(whole).toEqual(Array.from({ length: 16 }, () => expected.greedy_ids.slice(1, 41)));
    expect(events.at(-1)).toMatchObject({ usage: { reprefilledTokens: 0 } });
    expect(engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
  });

  test("leaves this thread free while it works", async () => {
    const session = await engine.openSession({ ...open, sampling: {} }, signal);
    let [last, longestMs, turns] = [performance.now(), 0, 0];
    const timer = setInterval(() => {
      const now = performance.now();
      [longestMs, last, turns] = [Math.max(longestMs, now - last), now, turns + 1];
    }, 1);
    await session.grow({ nodeId: 0, count: 16, until: "end", maxTokens: 60 });
    session.end();
    await readEvents(session);
    clearInterval(timer);
    // Only bounds that hold on a busy machine too: the Worker is busy for far longer.
    expect(turns).toBeGreaterThan(20);
    expect(longestMs).toBeLessThan(200);
  });

  test("refuses a prompt of a megabyte without cutting it into tokens", async () => {
    const text = "Once upon a time ".repeat(50_000);
    const startMs = performance.now();
    await expect(
      engine.openSession({ ...open, prompt: { kind: "text", text } }, signal),
    ).rejects.toMatchObject({ code: "invalid_argument" });
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  test("stops decoding within a step or two of being cancelled", async () => {
    const session = await engine.openSession({ ...open, sampling: {} }, signal);
    await session.grow({ nodeId: 0, count: 16, until: "end" });
    await readEvents(session, 1);
    session.cancel();
    const other = await engine.openSession(open, signal);
    // The counters are written at the end of a step.
    await expect.poll(() => engine.stats().runningRows).toBe(0);
    other.cancel();
  });
});

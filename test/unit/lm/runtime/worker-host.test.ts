import { afterEach, expect, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import { spawnWorker, type WorkerHost } from "#shared/lm/runtime/worker-host.js";

type CountingMethods = {
  add(amount: number, signal: AbortSignal): Promise<number>;
  announce(text: string, signal: AbortSignal): Promise<void>;
  refuse(args: undefined, signal: AbortSignal): Promise<void>;
  fail(args: undefined, signal: AbortSignal): Promise<void>;
  untilCancelled(args: undefined, signal: AbortSignal): Promise<void>;
  die(args: undefined, signal: AbortSignal): Promise<void>;
  explode(args: undefined, signal: AbortSignal): Promise<void>;
};

const url = new URL("../../../fakes/workers/counting-worker.mjs", import.meta.url);
const hosts: WorkerHost<CountingMethods>[] = [];
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.dispose())));

async function spawn(
  data: { start: number; refuse?: boolean } = { start: 0 },
  hooks: { onEvent?: (event: { text: string }) => void; onCrash?: (error: ServiceError) => void } = {},
): Promise<WorkerHost<CountingMethods>> {
  const host = await spawnWorker<CountingMethods, { text: string }>(url, data, {
    name: "the counter",
    ...hooks,
  });
  hosts.push(host);
  return host;
}

test("calls methods in order and gives their results", async () => {
  const host = await spawn({ start: 10 });
  expect(await Promise.all([host.call("add", 1), host.call("add", 2)])).toEqual([11, 13]);
});

test("hands on events, and lets the worker free what it has", async () => {
  const events: string[] = [];
  const host = await spawn({ start: 3 }, { onEvent: ({ text }) => events.push(text) });
  await host.call("announce", "hello");
  await Promise.all([host.dispose(), host.dispose()]);
  expect(events).toEqual(["hello", "disposed at 3"]);
  await expect(host.call("add", 1)).rejects.toMatchObject({
    code: "unavailable",
    message: "the counter is closed",
  });
});

test("keeps the code and details of a ServiceError, and the name of a bug", async () => {
  const host = await spawn();
  const refusal = await host.call("refuse", undefined).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ServiceError);
  expect(refusal).toMatchObject({
    code: "resource_exhausted",
    message: "full",
    details: { retryAfterMs: 5 },
  });
  const bug = await host.call("fail", undefined).catch((error: unknown) => error);
  expect(bug).not.toBeInstanceOf(ServiceError);
  expect(bug).toMatchObject({ name: "TypeError", message: "a bug" });
});

test("fails to start with what the set-up throws", async () => {
  await expect(spawn({ start: 0, refuse: true })).rejects.toMatchObject({
    code: "failed_precondition",
    message: "no model here",
    details: { reason: "NO_MODEL" },
  });
});

test("a cancelled call rejects at once with the reason, and the worker hears of it", async () => {
  let heard: (text: string) => void = () => undefined;
  const cancelled = new Promise<string>((resolve) => (heard = resolve));
  const host = await spawn({ start: 0 }, { onEvent: ({ text }) => heard(text) });
  const controller = new AbortController();
  const call = host.call("untilCancelled", undefined, controller.signal);
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  expect(await cancelled).toBe("cancelled");
  await expect(host.call("add", 1, controller.signal)).rejects.toThrow("enough");
  expect(await host.call("add", 1)).toBe(1);
});

test.each(["die", "explode"] as const)("a worker that dies (%s) fails open and later calls", async (way) => {
  const crashes: ServiceError[] = [];
  const host = await spawn({ start: 0 }, { onCrash: (error) => crashes.push(error) });
  const waiting = host.call("untilCancelled", undefined);
  const gone = { code: "unavailable", message: expect.stringContaining("the counter has died") };
  await Promise.all([
    expect(waiting).rejects.toMatchObject(gone),
    expect(host.call(way, undefined)).rejects.toMatchObject(gone),
  ]);
  await expect(host.call("add", 1)).rejects.toMatchObject(gone);
  expect(crashes).toHaveLength(1);
});

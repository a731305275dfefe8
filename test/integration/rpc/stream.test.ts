import { describe, expect, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import { defaultRpcLimits } from "#shared/rpc/serve.js";
import { collect, type GeneratorHandlers, rejection, settled, startPair, until } from "./harness.js";

type Expand = GeneratorHandlers["expand"];

/** Answers every Grow with a Grown. */
const echo: Expand = async function* (requests) {
  for await (const { grow } of requests)
    yield { grown: { nodeId: grow?.nodeId ?? 0, count: grow?.count ?? 0 } };
};

/** Sends without end; counts what was asked of it. */
function endless(textLength: number) {
  const state = { yielded: 0, closed: false, signal: undefined as AbortSignal | undefined };
  const expand: Expand = async function* (_requests, { signal }) {
    state.signal = signal;
    try {
      for (;;) {
        state.yielded++;
        yield { step: { text: "x".repeat(textLength) } };
      }
    } finally {
      state.closed = true;
    }
  };
  return { state, expand };
}

describe("a bidirectional call", () => {
  test("delivers both directions in order and ends", async () => {
    const { client } = await startPair({ expand: echo });
    const call = client.expand();
    const count = 500;
    const writing = (async () => {
      for (let i = 0; i < count; i++) await call.write({ grow: { nodeId: i, count: 1 } });
      call.end();
    })();
    const responses = await collect(call.responses);
    await writing;
    expect(responses.map(({ grown }) => grown?.nodeId)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test("delivers what was sent before an error, then the error", async () => {
    const { client } = await startPair({
      async *expand() {
        for (let i = 0; i < 5; i++) yield { grown: { nodeId: i } };
        throw new ServiceError("not_found", "no node 7", { reason: "UNKNOWN_NODE" });
      },
    });
    const received: unknown[] = [];
    const call = client.expand();
    const error = await rejection(
      (async () => {
        for await (const response of call.responses) received.push(response);
      })(),
    );
    expect(received).toHaveLength(5);
    expect(error).toMatchObject({ code: "not_found", details: { reason: "UNKNOWN_NODE" } });
    expect(await rejection(call.write({ grow: {} }))).toMatchObject({ code: "not_found" });
  });

  test("asks little of a handler whose client never reads", async () => {
    const { state, expand } = endless(64 * 1024);
    const { client } = await startPair({ expand });
    const call = client.expand();
    await call.write({ grow: {} });
    await until(() => state.yielded > 0);
    // 16 messages in each stream's buffer and what the sockets and windows hold.
    expect(await settled(() => state.yielded)).toBeLessThan(60);
    call.cancel();
    await until(() => state.closed);
  });

  test("ends at its deadline although the client never reads", async () => {
    const { state, expand } = endless(64 * 1024);
    const { client } = await startPair(
      { expand },
      { limits: { ...defaultRpcLimits, defaultDeadlineMs: 100 } },
    );
    await client.expand().write({ grow: {} });
    await until(() => state.closed);
    expect(state.signal!.reason).toMatchObject({ code: "deadline_exceeded" });
  });

  test("holds back a writer whose server never reads", async () => {
    const { client } = await startPair({
      async *expand(_requests, { signal }) {
        yield { opened: {} };
        await until(() => signal.aborted);
      },
    });
    const call = client.expand();
    let written = 0;
    const writing = rejection(
      (async () => {
        for (;;) {
          await call.write({ open: { prompt: "x".repeat(64 * 1024) } });
          written++;
        }
      })(),
    );
    expect(await settled(() => written)).toBeLessThan(100);
    call.cancel();
    expect(await writing).toMatchObject({ code: "cancelled" });
  });

  test.each(["cancels", "vanishes", "leaves the loop"])(
    "aborts the handler when its client %s",
    async (how) => {
      const { state, expand } = endless(10);
      const { client } = await startPair({ expand });
      const call = client.expand();
      const reading = (async () => {
        for await (const _ of call.responses) if (how === "leaves the loop" && state.yielded > 5) break;
      })();
      await until(() => state.yielded > 5);
      if (how === "cancels") call.cancel();
      if (how === "vanishes") client.close();
      if (how !== "leaves the loop") call.cancel();
      await reading.catch(() => {});
      await until(() => state.closed);
      expect(state.signal!.reason).toMatchObject({ code: "cancelled" });
    },
  );

  test("throws the local signal's reason at once", async () => {
    const { state, expand } = endless(10);
    const { client } = await startPair({ expand });
    const controller = new AbortController();
    const call = client.expand({ signal: controller.signal });
    const failed = rejection(collect(call.responses));
    await until(() => state.yielded > 0);
    controller.abort(new Error("enough"));
    expect(await failed).toMatchObject({ message: "enough" });
    await until(() => state.closed);
  });

  test("with a message beyond the limit is RESOURCE_EXHAUSTED", async () => {
    const { client } = await startPair(
      { expand: echo },
      { limits: { ...defaultRpcLimits, maxReceiveBytes: 1000 } },
    );
    const call = client.expand();
    await call.write({ open: { prompt: "x".repeat(2000) } });
    const error = await rejection(collect(call.responses));
    expect(error).toMatchObject({ code: "resource_exhausted", message: expect.stringContaining("1000") });
  });

  test("releases a handler's pending read once the handler has ended", async () => {
    let released: unknown;
    const { client } = await startPair({
      async *expand(requests) {
        void collect(requests).catch((error: unknown) => {
          released = error;
        });
        yield { closed: {} };
      },
    });
    expect(await collect(client.expand().responses)).toHaveLength(1);
    await until(() => released !== undefined);
    expect(released).toMatchObject({ code: "cancelled", message: "the call has ended" });
  });
});

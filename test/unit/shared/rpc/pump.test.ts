import { Readable, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { pump } from "#shared/rpc/pump.js";
import { messagesOf } from "#shared/rpc/requests.js";

const never = new AbortController().signal;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Counts from 0 until returned; says so. */
function counting() {
  const state = { yielded: 0, returned: false };
  async function* count(): AsyncGenerator<number, void, undefined> {
    try {
      for (;;) yield state.yielded++;
    } finally {
      state.returned = true;
    }
  }
  return { state, messages: count() };
}

describe("pump", () => {
  test("takes nothing more while the stream is full, and goes on when it has drained", async () => {
    const release: (() => void)[] = [];
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 4,
      write: (_c, _e, done) => void release.push(done),
    });
    const { state, messages } = counting();
    const controller = new AbortController();
    const pumping = pump(slow, messages, controller.signal);
    await nextTurn();
    expect(state.yielded).toBe(4);
    for (let i = 0; i < 4; i++) {
      release.shift()!();
      await nextTurn();
    }
    expect(state.yielded).toBe(8);
    controller.abort(new Error("enough"));
    await expect(pumping).rejects.toThrow("enough");
    await nextTurn();
    expect(state.returned).toBe(true);
  });

  test("rejects with what the messages throw", async () => {
    const sink = new Writable({ objectMode: true, write: (_c, _e, done) => done() });
    async function* failing(): AsyncGenerator<number, void, undefined> {
      yield 1;
      throw new Error("broken");
    }
    await expect(pump(sink, failing(), never)).rejects.toThrow("broken");
  });

  test("does not wait for messages that never come once aborted", async () => {
    const sink = new Writable({ objectMode: true, write: (_c, _e, done) => done() });
    const stuck: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    };
    await expect(pump(sink, stuck, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  });
});

describe("messagesOf", () => {
  test("reads ahead no further than the stream's buffer", async () => {
    let produced = 0;
    const source = new Readable({ objectMode: true, read: () => void source.push(produced++) });
    const messages = messagesOf<number>(source, never);
    expect((await messages.next()).value).toBe(0);
    for (let i = 0; i < 20; i++) await nextTurn();
    expect(produced).toBeLessThan(20);
    await messages.return();
    expect(source.destroyed).toBe(false);
    expect(source.listenerCount("readable")).toBe(0);
  });

  test("ends when the stream does, and throws the reason when aborted", async () => {
    const source = new Readable({ objectMode: true, read: () => {} });
    const controller = new AbortController();
    const aborted = messagesOf(source, controller.signal).next();
    controller.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow("gone");
    const rest = messagesOf(source, never);
    source.push("last");
    source.push(null);
    expect(await rest.next()).toEqual({ value: "last", done: false });
    expect((await rest.next()).done).toBe(true);
  });
});

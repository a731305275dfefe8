import type { Writable } from "node:stream";

/**
 * Writes messages to a call as fast as its reader takes them: after a refused write (16 messages waiting) nothing more
 * is asked of `messages` until the stream has drained. Rejects with the signal's reason as soon as it aborts, or with
 * what `messages` throws; `messages` is returned (its `finally` runs) either way. Does not end the call.
 */
export async function pump<T>(
  call: Writable,
  messages: AsyncIterable<T>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal);
      if (next.done === true) {
        finished = true;
        return;
      }
      if (!call.write(next.value)) await drained(call, signal);
    }
  } finally {
    // Not awaited: a generator that is still inside `next()` returns only once that settles, which it does soon, since
    // it waits on the same signal. What it throws then is of no interest: this call has its outcome.
    if (!finished) iterator.return?.().catch(() => {});
  }
}

/** Resolves when the stream takes more, or has closed (then writes go nowhere). Rejects with the signal's reason. */
export function drained(stream: Writable, signal: AbortSignal): Promise<void> {
  let release = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  if (!stream.writableNeedDrain || stream.destroyed) release();
  stream.once("drain", release).once("close", release);
  return unlessAborted(waiting, signal).finally(() => stream.off("drain", release).off("close", release));
}

/** The promise's outcome, or a rejection with the signal's reason as soon as it aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

import type { Readable } from "node:stream";

/**
 * The messages of a call's readable side, pulled one by one: nothing is read from the socket before it is asked for,
 * save the 16 messages that an object stream reads ahead. Ends at half-close; throws the signal's reason on abort.
 * Leaving early does not touch the stream, whose other direction may go on.
 *
 * grpc-js ends the messages of a client that cancels as if it had half-closed, and tells of the cancellation a turn or two
 * of the event loop later: what a handler does at the end of messages must bear being aborted at once.
 */
export async function* messagesOf<T>(
  stream: Readable,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  let wake = (): void => {};
  const onChange = (): void => wake();
  const events = ["readable", "end", "close"] as const;
  for (const event of events) stream.on(event, onChange);
  signal.addEventListener("abort", onChange);
  try {
    for (;;) {
      signal.throwIfAborted();
      const message = stream.read() as T | null;
      if (message !== null) {
        yield message;
      } else if (stream.readableEnded || stream.destroyed) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const event of events) stream.off(event, onChange);
    signal.removeEventListener("abort", onChange);
  }
}

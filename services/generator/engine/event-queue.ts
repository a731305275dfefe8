/**
 * Events of a session between the engine that makes them and the one reader. The engine looks at `unread` and stops
 * scheduling a session that is not read, which is what keeps the queue bounded.
 */
import { type AnyEvent, eventWeight } from "./event-weight.js";

export class EventQueue<Event extends AnyEvent> implements AsyncIterable<Event> {
  readonly #events: Event[] = [];
  readonly #onRead: (event: Event) => void;
  #unread = 0;
  #over = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  /** `onRead` is called after each event that the reader took. */
  constructor(onRead: (event: Event) => void) {
    this.#onRead = onRead;
  }

  /** By weight; see `eventWeight`. */
  get unread(): number {
    return this.#unread;
  }

  /** Ignored once the queue is over. */
  push(event: Event): void {
    if (this.#over) return;
    this.#events.push(event);
    this.#unread += eventWeight(event);
    this.#wake?.();
  }

  /** No more events; those unread stay readable. */
  finish(): void {
    this.#over = true;
    this.#wake?.();
  }

  /** The reader gets `error` next (nothing when undefined); unread events are dropped. */
  abandon(error?: unknown): void {
    if (this.#over && this.#events.length === 0) return;
    this.#events.length = 0;
    this.#unread = 0;
    this.#error = error;
    this.finish();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        this.#unread -= eventWeight(event);
        this.#onRead(event);
        yield event;
      } else if (this.#error !== undefined) throw this.#error;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

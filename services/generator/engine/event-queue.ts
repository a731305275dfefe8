/**
 * Events of a session between the engine that makes them and the one reader. The engine looks at `unread` and stops
 * scheduling a session that is not read, which is what keeps the queue bounded.
 */
export class EventQueue<Event> implements AsyncIterable<Event> {
  readonly #events: Event[] = [];
  readonly #onRead: () => void;
  #over = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  /** `onRead` is called after each event that the reader took. */
  constructor(onRead: () => void) {
    this.#onRead = onRead;
  }

  get unread(): number {
    return this.#events.length;
  }

  /** Ignored once the queue is over. */
  push(event: Event): void {
    if (this.#over) return;
    this.#events.push(event);
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
    this.#error = error;
    this.finish();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        this.#onRead();
        yield event;
      } else if (this.#error !== undefined) throw this.#error;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

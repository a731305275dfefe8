/** Longest that a computation holds the thread, which also hears Ctrl-C and shows how far it is. */
const MAX_HOLD_MS = 50;

/** Lets other work run now and then. Rejects with the signal's reason when aborted. */
export class Breather {
  readonly #signal: AbortSignal;
  #since = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async breathe(): Promise<void> {
    this.#signal.throwIfAborted();
    if (performance.now() - this.#since < MAX_HOLD_MS) return;
    await new Promise(setImmediate);
    this.#since = performance.now();
  }
}

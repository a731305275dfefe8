/**
 * Where everything that happens to a search comes together, one message at a time. `put` resolves when its message was
 * taken, so each producer has at most one message waiting and a slow consumer slows the producers down.
 */
export class Inbox<T> {
  private readonly waiting: { readonly message: T; readonly taken: () => void }[] = [];
  private taker: { resolve(message: T): void; reject(reason: unknown): void } | undefined;
  private failure: { readonly reason: unknown } | undefined;
  private isClosed = false;

  async put(message: T): Promise<void> {
    if (this.isClosed || this.failure !== undefined) return;
    if (this.taker !== undefined) {
      this.taker.resolve(message);
      this.taker = undefined;
      return;
    }
    await new Promise<void>((taken) => this.waiting.push({ message, taken }));
  }

  /** The next message. Rejects once `fail` was called. One taker at a time. */
  take(): Promise<T> {
    if (this.failure !== undefined) return Promise.reject(this.failure.reason);
    const next = this.waiting.shift();
    if (next !== undefined) {
      next.taken();
      return Promise.resolve(next.message);
    }
    return new Promise((resolve, reject) => {
      this.taker = { resolve, reject };
    });
  }

  /** Makes the pending and every later `take` reject. The first reason stays. */
  fail(reason: unknown): void {
    this.failure ??= { reason };
    this.taker?.reject(this.failure.reason);
    this.taker = undefined;
    this.letGo();
  }

  /** Nobody takes any more: producers go on as if they had been heard. */
  close(): void {
    this.isClosed = true;
    this.letGo();
  }

  private letGo(): void {
    for (const { taken } of this.waiting.splice(0)) taken();
  }
}

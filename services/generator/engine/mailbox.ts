/**
 * What was asked of the engine since its last step. Requests wait here, so that the engine's state changes at one place
 * and one time only.
 */
import { ServiceError } from "#shared/errors.js";

/** Far more than callers that await their requests can reach. */
const MAX_REQUESTS = 10_000;

export class Mailbox {
  #letters: (() => void)[] = [];
  #arrived: (() => void) | undefined;
  #arrival: Promise<void> | undefined;

  get size(): number {
    return this.#letters.length;
  }

  /** Has `act` done by the engine. Rejects with what it throws, and with resource_exhausted when too much waits. */
  ask<T>(act: () => T): Promise<T> {
    if (this.#letters.length >= MAX_REQUESTS)
      return Promise.reject(
        new ServiceError(
          "resource_exhausted",
          `at most ${MAX_REQUESTS} requests wait for the engine; send them slower`,
          {
            reason: "REQUESTS",
            retryAfterMs: 100,
          },
        ),
      );
    return new Promise((resolve, reject) => {
      this.tell(() => {
        try {
          resolve(act());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Has `act`, which must not throw, done by the engine. For what a session does once in its life. */
  tell(act: () => void): void {
    this.#letters.push(act);
    this.wake();
  }

  /** Does everything that was asked, in order. */
  deliver(): void {
    const letters = this.#letters;
    this.#letters = [];
    for (const act of letters) act();
  }

  /** Resolves at the next `wake`. */
  arrival(): Promise<void> {
    this.#arrival ??= new Promise((resolve) => (this.#arrived = resolve));
    return this.#arrival;
  }

  wake(): void {
    this.#arrived?.();
    this.#arrival = undefined;
    this.#arrived = undefined;
  }
}

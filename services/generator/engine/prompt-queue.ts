/** Sessions that wait for their prompt to run, in the order they came. */
import type { PreparedOpening } from "./opening.js";
import type { EngineSession } from "./types.js";

export interface Opening {
  readonly prepared: PreparedOpening;
  readonly signal: AbortSignal;
  readonly resolve: (session: EngineSession) => void;
  readonly reject: (reason: unknown) => void;
}

export class PromptQueue {
  readonly #openings = new Set<Opening>();

  get size(): number {
    return this.#openings.size;
  }

  /** Resolves or rejects as the one who takes the opening decides; aborting `signal` takes it out again. */
  add(prepared: PreparedOpening, signal: AbortSignal): Promise<EngineSession> {
    return new Promise((resolve, reject) => {
      const settle = (): void => signal.removeEventListener("abort", onAbort);
      const opening: Opening = {
        prepared,
        signal,
        resolve: (session) => (settle(), resolve(session)),
        reject: (reason) => (settle(), reject(reason)),
      };
      const onAbort = (): void => {
        this.#openings.delete(opening);
        opening.reject(signal.reason);
      };
      this.#openings.add(opening);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  take(): Opening | undefined {
    const [opening] = this.#openings;
    if (opening !== undefined) this.#openings.delete(opening);
    return opening;
  }

  refuseAll(reason: unknown): void {
    for (const opening of this.#openings) opening.reject(reason);
    this.#openings.clear();
  }
}

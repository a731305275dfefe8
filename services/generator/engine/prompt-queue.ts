/** Sessions that wait for their prompt, in the order in which their turns come. */
import type { Prefill } from "#shared/lm/types.js";
import type { PreparedOpening } from "./opening.js";
import type { PromptKey } from "./prefix-cache.js";
import type { EngineSession } from "./types.js";

/** A prompt that is being run. Its bytes, all of them from the start, are on the books. */
export interface PromptRun {
  readonly prefill: Prefill;
  /** Of its tokens, those that another prompt had. */
  readonly cachedTokens: number;
  readonly prefixBytes: number;
  readonly logitsBytes: number;
}

export interface Opening {
  readonly prepared: PreparedOpening;
  readonly key: PromptKey;
  readonly signal: AbortSignal;
  /** Once its first turn has come. */
  run: PromptRun | undefined;
  readonly resolve: (session: EngineSession) => void;
  readonly reject: (reason: unknown) => void;
}

export class PromptQueue {
  /** Oldest first. */
  readonly #openings = new Set<Opening>();
  /** By turns: who had one goes to the end. */
  readonly #turns = new Set<Opening>();
  readonly #onLeave: (opening: Opening) => void;

  /** `onLeave` is called once for each, when it resolves, rejects, or its signal is aborted. */
  constructor(onLeave: (opening: Opening) => void) {
    this.#onLeave = onLeave;
  }

  get size(): number {
    return this.#openings.size;
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<Opening> {
    return this.#openings.values();
  }

  /** Resolves or rejects as the one who runs the prompt decides, or rejects when `signal` is aborted. */
  add(prepared: PreparedOpening, signal: AbortSignal): Promise<EngineSession> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener("abort", onAbort);
        this.#turns.delete(opening);
        if (this.#openings.delete(opening)) this.#onLeave(opening);
      };
      const onAbort = (): void => opening.reject(signal.reason);
      const opening: Opening = {
        prepared,
        key: { tokenIds: prepared.promptTokenIds, salt: prepared.cacheSalt },
        signal,
        run: undefined,
        resolve: (session) => (leave(), resolve(session)),
        reject: (reason) => (leave(), reject(reason)),
      };
      this.#openings.add(opening);
      this.#turns.add(opening);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Whose turn it is: of those that may run and have the highest priority, the first. */
  next(mayRun: (opening: Opening) => boolean): Opening | undefined {
    let first: Opening | undefined;
    for (const opening of this.#turns) {
      const comesFirst = first === undefined || opening.prepared.priority > first.prepared.priority;
      if (comesFirst && mayRun(opening)) first = opening;
    }
    return first;
  }

  /** It had its turn; the others come before its next. */
  moveBack(opening: Opening): void {
    if (this.#turns.delete(opening)) this.#turns.add(opening);
  }

  refuseAll(reason: unknown): void {
    for (const opening of this.#openings) opening.reject(reason);
  }
}

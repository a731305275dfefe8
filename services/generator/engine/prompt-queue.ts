/** Prompts that somebody waits for, in the order in which their turns come. */
import type { LinearProbe, Prefill } from "#shared/lm/types.js";
import type { PromptKey } from "./prefix-cache.js";
import type { OpenedPrompt } from "./session.js";
import { Turns } from "./turns.js";

/** A prompt that is being run. Its bytes, all of them from the start, are on the books. */
export interface PromptRun {
  readonly prefill: Prefill;
  /** Of its tokens, those that another prompt had. */
  readonly cachedTokens: number;
  readonly prefixBytes: number;
  readonly logitsBytes: number;
}

export interface PromptRequest extends PromptKey {
  readonly priority: number;
  /** What is asked about its last token; with any, that token runs even if the prompt is there. */
  readonly probes: readonly LinearProbe[];
}

export interface Opening {
  readonly request: PromptRequest;
  readonly priority: number;
  /** Once its first turn has come. */
  run: PromptRun | undefined;
  /** The prompt is there. */
  readonly resolve: (prompt: OpenedPrompt) => void;
  readonly reject: (reason: unknown) => void;
}

export class PromptQueue {
  /** Oldest first. */
  readonly #openings = new Set<Opening>();
  readonly #turns = new Turns<Opening>();
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

  /**
   * Resolves to what `onReady` makes of the prompt, at once when it is there. Rejects as the one who runs the prompt
   * decides, or when `signal` is aborted.
   */
  add<T>(request: PromptRequest, signal: AbortSignal, onReady: (prompt: OpenedPrompt) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener("abort", onAbort);
        this.#turns.delete(opening);
        if (this.#openings.delete(opening)) this.#onLeave(opening);
      };
      const onAbort = (): void => opening.reject(signal.reason);
      const opening: Opening = {
        request,
        priority: request.priority,
        run: undefined,
        resolve(prompt) {
          const made = onReady(prompt);
          leave();
          resolve(made);
        },
        reject: (reason) => (leave(), reject(reason)),
      };
      this.#openings.add(opening);
      this.#turns.add(opening);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Whose turn it is, of those that may run. */
  next(mayRun: (opening: Opening) => boolean): Opening | undefined {
    return this.#turns.next(mayRun);
  }

  moveBack(opening: Opening): void {
    this.#turns.moveBack(opening);
  }

  refuseAll(reason: unknown): void {
    for (const opening of this.#openings) opening.reject(reason);
  }
}

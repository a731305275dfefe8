import type { GrowRequest, StepSample } from "../ports.js";

/** The steps of one grow on their way to whoever reads them: for one consumer, who may leave early. */
export class GrowStream implements AsyncIterable<StepSample> {
  readonly request: GrowRequest;
  /** Place of the first child among all children of the node; the others follow it. */
  readonly firstChild: number;
  readonly #waiting: StepSample[] = [];
  readonly #onTaken: () => void;
  #state: "open" | "ended" | "left" = "open";
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** `onTaken` is called when the number of waiting steps has fallen. */
  constructor(request: GrowRequest, firstChild: number, onTaken: () => void) {
    this.request = request;
    this.firstChild = firstChild;
    this.#onTaken = onTaken;
  }

  /** Steps that arrived and were not read. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether the reader has left. */
  get isLeft(): boolean {
    return this.#state === "left";
  }

  push(step: StepSample): void {
    if (this.#state === "open") this.#waiting.push(step);
    this.#wake();
  }

  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#wake();
  }

  /** Steps that arrived before are still read. */
  fail(error: unknown): void {
    if (this.#state !== "open") return;
    this.#failure = { error };
    this.end();
  }

  /** Fails at once; steps that were not read are dropped. */
  abandon(error: unknown): void {
    this.#waiting.length = 0;
    this.fail(error);
    this.#onTaken();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StepSample, void, undefined> {
    try {
      for (;;) {
        const step = this.#waiting.shift();
        if (step !== undefined) {
          this.#onTaken();
          yield step;
        } else if (this.#state === "ended") {
          if (this.#failure !== undefined) throw this.#failure.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#state = "left";
      this.#waiting.length = 0;
      this.#onTaken();
    }
  }
}

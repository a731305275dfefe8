/**
 * The parent's side of a Worker: typed calls with cancellation, and events that the Worker sends on its own. A Worker
 * that dies fails every call, open and future, with `unavailable`; it is not started again here.
 */
import { Worker } from "node:worker_threads";
import { ServiceError } from "#shared/errors.js";
import { fromWireError, type FromWorker, type Methods, type ToWorker } from "./worker-messages.js";

/** How long `dispose` waits for the Worker to leave by itself. */
const CLOSE_MS = 5000;

export interface WorkerHost<M extends Methods<M>> {
  /**
   * Rejects with what the method throws, with the signal's reason as soon as it is aborted (the method's own signal is
   * aborted too, and its result dropped), or with `unavailable` when the Worker is gone.
   */
  call<K extends keyof M & string>(
    method: K,
    args: Parameters<M[K]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<M[K]>>>;
  /** Lets the Worker free what it has, and ends it. Idempotent. */
  dispose(): Promise<void>;
}

export interface SpawnOptions<Event> {
  /** Shown in error messages: "the policy's worker". */
  readonly name: string;
  /** Called for each event, in order. Must not throw. */
  readonly onEvent?: (event: Event) => void;
  /** Called once when the Worker dies without being disposed. */
  readonly onCrash?: (error: ServiceError) => void;
}

interface Call {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * Starts the module at `url`, which must call `serveWorker`, and waits until it is ready.
 * @throws what the Worker's set-up throws, or `unavailable` when it dies before.
 */
export async function spawnWorker<M extends Methods<M>, Event = never>(
  url: URL,
  workerData: unknown,
  options: SpawnOptions<Event>,
): Promise<WorkerHost<M>> {
  const host = new Host<M, Event>(new Worker(url, { workerData, name: options.name }), options);
  await host.ready;
  return host;
}

class Host<M extends Methods<M>, Event> implements WorkerHost<M> {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #options: SpawnOptions<Event>;
  readonly #calls = new Map<number, Call>();
  readonly #exited: Promise<void>;
  #gone: ServiceError | undefined;
  #closing = false;
  #nextId = 0;
  #start!: Call;

  constructor(worker: Worker, options: SpawnOptions<Event>) {
    this.#worker = worker;
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#start = { resolve: () => resolve(), reject };
    });
    this.#exited = new Promise((resolve) => worker.once("exit", () => resolve()));
    worker.on("message", (message: FromWorker) => this.#receive(message));
    worker.once("error", (cause) => this.#fail(cause));
    worker.once("exit", () => this.#fail());
  }

  async call<K extends keyof M & string>(
    method: K,
    args: Parameters<M[K]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<M[K]>>> {
    signal?.throwIfAborted();
    if (this.#gone !== undefined) throw this.#gone;
    const id = this.#nextId++;
    const cancel = (): void => {
      this.#calls.get(id)?.reject(signal?.reason);
      this.#post({ kind: "cancel", id });
    };
    try {
      return (await new Promise((resolve, reject) => {
        this.#calls.set(id, { resolve, reject });
        signal?.addEventListener("abort", cancel, { once: true });
        this.#post({ kind: "call", id, method, args });
      })) as Awaited<ReturnType<M[K]>>;
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#calls.delete(id);
    }
  }

  async dispose(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#post({ kind: "close" });
    }
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_MS);
    try {
      await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        return this.#start.resolve(undefined);
      case "refused":
        this.#closing = true;
        return this.#start.reject(fromWireError(message.error));
      case "event":
        return this.#options.onEvent?.(message.event as Event);
      case "result":
        return this.#calls.get(message.id)?.resolve(message.value);
      case "error":
        return this.#calls.get(message.id)?.reject(fromWireError(message.error));
    }
  }

  /** The Worker is gone: by itself, or because it was disposed. */
  #fail(cause?: unknown): void {
    if (this.#gone !== undefined) return;
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    const what = this.#closing ? "is closed" : `has died${reason}; restart the service`;
    this.#gone = new ServiceError("unavailable", `${this.#options.name} ${what}`, {}, { cause });
    this.#start.reject(this.#gone);
    for (const call of this.#calls.values()) call.reject(this.#gone);
    if (!this.#closing) this.#options.onCrash?.(this.#gone);
  }
}

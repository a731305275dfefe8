/**
 * The engine's port on the thread that talks to clients. Prompts are tokenized and everything is computed in the Worker
 * (`worker`); here only messages pass, so this thread never waits for the model.
 */
import { type ServiceError } from "#shared/errors.js";
import { fromWireError } from "#shared/lm/runtime/worker-messages.js";
import { type WorkerHost, spawnWorker } from "#shared/lm/runtime/worker-host.js";
import { EventQueue } from "./event-queue.js";
import { type AnyEvent, eventWeight } from "./event-weight.js";
import { shuttingDown } from "./local-engine.js";
import { readStats } from "./shared-stats.js";
import type { EngineSetup } from "./worker.js";
import type { EngineDescription, EngineMethods, SessionMessage } from "./worker-methods.js";
import type {
  Engine,
  EngineEvent,
  EngineSession,
  EngineStats,
  FeatureEvent,
  FeaturizeRequest,
  GeneratorInfo,
  OpenSession,
} from "./types.js";

export interface EngineHost extends Engine {
  /** Aborted when the Worker dies; the reason is the ServiceError `unavailable` that all sessions fail with. */
  readonly failed: AbortSignal;
}

/**
 * Starts the Worker and waits until the model is loaded.
 * @throws what loading throws: see `loadCheckpoint` and `createLanguageModel`; `unavailable` when the Worker dies.
 */
export async function startEngineHost(setup: EngineSetup): Promise<EngineHost> {
  const sessions = new ClientSessions();
  const host = await spawnWorker<EngineMethods, SessionMessage>(
    new URL("./worker.js", import.meta.url),
    setup,
    {
      name: "the policy's worker",
      onEvent: (message) => sessions.receive(message),
      onCrash: (error) => sessions.crash(error),
    },
  );
  return new EngineClient(host, await host.call("describe", null), sessions);
}

/** The open sessions and featurize calls of a client, by the numbers it gave them. */
export class ClientSessions {
  readonly #events = new Map<number, EventQueue<AnyEvent>>();
  readonly #failed = new AbortController();
  #nextId = 1;

  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  add(onRead: (id: number, event: AnyEvent) => void): {
    readonly id: number;
    readonly events: EventQueue<AnyEvent>;
  } {
    const id = this.#nextId++;
    const events = new EventQueue<AnyEvent>((event) => onRead(id, event));
    this.#events.set(id, events);
    return { id, events };
  }

  /** False when the session was over already. */
  remove(id: number): boolean {
    return this.#events.delete(id);
  }

  receive(message: SessionMessage): void {
    const events = this.#events.get(message.session);
    if ("event" in message) return events?.push(message.event);
    this.#events.delete(message.session);
    if (message.error === undefined) events?.finish();
    else events?.abandon(fromWireError(message.error));
  }

  /** The other half is gone, as it was asked to or not. */
  failAll(error: ServiceError): void {
    for (const events of this.#events.values()) events.abandon(error);
    this.#events.clear();
  }

  crash(error: ServiceError): void {
    this.failAll(error);
    this.#failed.abort(error);
  }
}

export class EngineClient implements EngineHost {
  readonly info: GeneratorInfo;
  readonly #host: WorkerHost<EngineMethods>;
  readonly #sessions: ClientSessions;
  readonly #stats: SharedArrayBuffer;

  constructor(host: WorkerHost<EngineMethods>, { info, stats }: EngineDescription, sessions: ClientSessions) {
    this.info = info;
    this.#host = host;
    this.#sessions = sessions;
    this.#stats = stats;
  }

  get failed(): AbortSignal {
    return this.#sessions.failed;
  }

  async openSession(request: OpenSession, signal: AbortSignal): Promise<EngineSession> {
    const { id, events, cancel, onAbort } = this.#add(signal);
    try {
      const opened = await this.#host.call("open", { session: id, request }, signal);
      signal.throwIfAborted();
      signal.addEventListener("abort", onAbort, { once: true });
      return {
        opened,
        events: events as AsyncIterable<EngineEvent>,
        grow: (grow) => this.#host.call("grow", { session: id, request: grow }),
        prune: (nodeIds) => this.#host.call("prune", { session: id, nodeIds }),
        end: () => this.#tell("end", { session: id }),
        cancel: () => cancel(),
      };
    } catch (error) {
      // Aborted just when it was opened, or refused.
      cancel();
      throw error;
    }
  }

  async *featurize(request: FeaturizeRequest, signal: AbortSignal): AsyncGenerator<FeatureEvent> {
    signal.throwIfAborted();
    const { id, events, cancel, onAbort } = this.#add(signal);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#host.call("featurize", { session: id, request });
      yield* events as AsyncIterable<FeatureEvent>;
    } finally {
      cancel();
    }
  }

  stats(): EngineStats {
    return readStats(this.#stats);
  }

  async dispose(): Promise<void> {
    await this.#host.dispose();
    // A Worker that left in time has told them; one that had to be ended has not.
    this.#sessions.failAll(shuttingDown());
  }

  /** A call to be: its events, and what ends it early, at once or when `signal` is aborted. */
  #add(signal: AbortSignal) {
    const { id, events } = this.#sessions.add((session, event) =>
      this.#tell("read", { session, weight: eventWeight(event) }),
    );
    const cancel = (reason?: unknown): void => {
      signal.removeEventListener("abort", onAbort);
      events.abandon(reason);
      if (this.#sessions.remove(id)) this.#tell("cancel", { session: id });
    };
    const onAbort = (): void => cancel(signal.reason);
    return { id, events, cancel, onAbort };
  }

  /** Something that needs no answer; a dead Worker has told its sessions by itself. */
  #tell<K extends "read" | "end" | "cancel">(method: K, args: Parameters<EngineMethods[K]>[0]): void {
    this.#host.call(method, args).catch(() => {});
  }
}

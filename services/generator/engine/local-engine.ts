/**
 * The engine's port on top of `BatchEngine`, in one thread: sessions open, ask and end whenever they like; what they ask
 * is done between steps. `step` must be called again and again (`drive`).
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { ServiceError } from "#shared/errors.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { BatchEngine } from "./engine.js";
import { Mailbox } from "./mailbox.js";
import { FeatureJob } from "./feature-job.js";
import { type PreparedFeatures, prepareFeatures } from "./features.js";
import { type PreparedOpening, type TextModel, prepareOpening } from "./opening.js";
import { activationBytes } from "./machine-memory.js";
import { type OpenedPrompt, Session } from "./session.js";
import { UsageMeter } from "./usage.js";
import type {
  Engine,
  EngineSession,
  EngineStats,
  FeatureEvent,
  FeaturizeRequest,
  GeneratorInfo,
  MemoryUsage,
  OpenSession,
} from "./types.js";

export interface LocalEngineOptions {
  readonly info: GeneratorInfo;
  readonly model: LanguageModel;
  readonly text: TextModel;
  /** A session with so many events unread is not scheduled. */
  readonly maxUnreadEvents: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** When a caller may try again that found all sessions taken. */
const RETRY_AFTER_MS = 1000;

export class LocalEngine implements Engine {
  readonly info: GeneratorInfo;
  readonly #options: LocalEngineOptions;
  readonly #batching: BatchEngine;
  readonly #mailbox = new Mailbox();
  #promptTokens = 0;
  #cachedPromptTokens = 0;
  #stepMs = 0;
  #disposed = false;

  constructor(options: LocalEngineOptions) {
    const { info, model, maxUnreadEvents } = options;
    this.info = info;
    this.#options = options;
    this.#batching = new BatchEngine({ model, limits: info.limits, maxUnreadEvents });
  }

  /** Hears what was asked, runs a chunk of a new prompt at most, decodes one step. Calls must not overlap. */
  async step(): Promise<void> {
    const startMs = this.#options.now();
    this.#mailbox.deliver();
    await this.#batching.step();
    this.#stepMs += this.#options.now() - startMs;
  }

  /** Whether a step would do anything. */
  get hasWork(): boolean {
    return this.#mailbox.size > 0 || this.#batching.hasWork;
  }

  /** Resolves when something has happened that may have made work, or at `wake`. */
  workArrived(): Promise<void> {
    return this.#mailbox.arrival();
  }

  wake(): void {
    this.#mailbox.wake();
  }

  async openSession(request: OpenSession, signal: AbortSignal): Promise<EngineSession> {
    signal.throwIfAborted();
    this.#assertAccepting();
    const prepared = prepareOpening(request, this.info, this.#options.model.info, this.#options.text);
    const opened = this.#batching.prompts.add(prepared.prompt, signal, (prompt) =>
      this.#open(prepared, prompt, signal),
    );
    this.#mailbox.wake();
    return opened;
  }

  async *featurize(request: FeaturizeRequest, signal: AbortSignal): AsyncGenerator<FeatureEvent> {
    signal.throwIfAborted();
    this.#assertAccepting();
    const prepared = await prepareFeatures(request, this.info, this.#options.text, signal);
    // Much may have happened while the texts were tokenized.
    signal.throwIfAborted();
    this.#assertAccepting();
    const begun = this.#batching.prompts.add(prepared.prompt, signal, (prompt) =>
      this.#featurize(prepared, prompt, signal),
    );
    this.#mailbox.wake();
    const job = await begun;
    try {
      yield* job.events;
    } finally {
      this.#mailbox.tell(() => this.#batching.featurizer.drop(job));
    }
  }

  stats(): EngineStats {
    return {
      ...this.#batching.counts,
      sessions: this.#batching.sessions.size + this.#batching.featurizer.size,
      openingSessions: this.#batching.prompts.size,
      promptTokens: this.#promptTokens,
      cachedPromptTokens: this.#cachedPromptTokens,
      usedKvBytes: this.#batching.accountant.usedBytes,
      modelRunMs: this.#options.model.runMs,
      stepMs: this.#stepMs,
      memory: this.#memory(),
    };
  }

  #memory(): MemoryUsage {
    const { model } = this.#options;
    const { held, capBytes } = this.#batching.accountant;
    return {
      weightBytes: model.info.weightBytes,
      activationBytes: activationBytes(model, this.info.limits),
      limitBytes: capBytes,
      prefixKvBytes: held.prefix,
      suffixKvBytes: held.suffix,
      logitsBytes: held.logits,
      slotBytes: held.slots + held.features,
      prefixCacheBytes: held.cached,
    };
  }

  /** To be called between steps. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#batching.clear(shuttingDown());
    this.#mailbox.deliver();
    await this.#options.model.dispose();
  }

  /** For tests: throws an AssertionError when the books are wrong. */
  checkIntegrity(): void {
    this.#batching.checkIntegrity();
  }

  #open(prepared: PreparedOpening, prompt: OpenedPrompt, signal: AbortSignal): EngineSession {
    const { text } = this.#options;
    const { accountant } = this.#batching;
    const usage = this.#count(prepared.prompt.tokenIds, prompt);
    const onRead = (): void => this.#mailbox.wake();
    const session = new Session({ prepared, prompt, info: this.info, text, usage, accountant, onRead });
    this.#batching.join(session);
    return this.#port(session, signal);
  }

  #featurize(prepared: PreparedFeatures, prompt: OpenedPrompt, signal: AbortSignal): FeatureJob {
    const { model } = this.#options;
    const usage = this.#count(prepared.prompt.tokenIds, prompt);
    const job = new FeatureJob({ prepared, prompt, model, usage, onRead: () => this.#mailbox.wake() });
    const onAbort = (): void => {
      job.events.abandon(signal.reason);
      this.#mailbox.tell(() => this.#batching.featurizer.drop(job));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    job.onOver = () => signal.removeEventListener("abort", onAbort);
    this.#batching.featurizer.add(job);
    return job;
  }

  #count({ length: promptTokens }: readonly number[], { cachedTokens }: OpenedPrompt): UsageMeter {
    this.#promptTokens += promptTokens;
    this.#cachedPromptTokens += cachedTokens;
    return new UsageMeter(this.#options.model.info, promptTokens, cachedTokens);
  }

  /** The session as its owner sees it. */
  #port(session: Session, signal: AbortSignal): EngineSession {
    const batching = this.#batching;
    const cancel = (reason?: unknown): void => {
      session.events.abandon(reason);
      this.#mailbox.tell(() => batching.drop(session));
    };
    const onAbort = (): void => cancel(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    session.onOver = () => signal.removeEventListener("abort", onAbort);
    return {
      opened: session.opened,
      events: session.events,
      grow: (request) => this.#mailbox.ask(() => batching.grow(session, request)),
      prune: (nodeIds) => this.#mailbox.ask(() => batching.prune(session, nodeIds)),
      end: () => this.#mailbox.tell(() => batching.end(session)),
      cancel: () => cancel(),
    };
  }

  #assertAccepting(): void {
    if (this.#disposed) throw shuttingDown();
    const { maxSessions } = this.info.limits;
    const { sessions, prompts, featurizer } = this.#batching;
    if (sessions.size + prompts.size + featurizer.size < maxSessions) return;
    throw new ServiceError(
      "resource_exhausted",
      `at most ${maxSessions} sessions can be open, and they are; try again when some have ended`,
      { reason: "SESSIONS", retryAfterMs: RETRY_AFTER_MS },
    );
  }
}

/**
 * Steps while there is work and waits while there is none, until `signal` is aborted; resolves between steps. `onTurn` is
 * called after each of either.
 */
export async function drive(engine: LocalEngine, signal: AbortSignal, onTurn?: () => void): Promise<void> {
  signal.addEventListener("abort", () => engine.wake(), { once: true });
  while (!signal.aborted) {
    if (engine.hasWork) await engine.step();
    else await engine.workArrived();
    onTurn?.();
    // Messages that came while the model ran are heard before the next step.
    await nextTurn();
  }
}

/** What sessions get when the engine is disposed under them. */
export function shuttingDown(): ServiceError {
  return new ServiceError("unavailable", "the generator is shutting down; open the session elsewhere", {
    reason: "SHUTTING_DOWN",
  });
}

/**
 * Prompts that have to run before their sessions are open, one chunk at a time, so that rows that run wait for a chunk
 * and never for a prompt. A chunk's place in its prompt is fixed: when it runs, and beside whom, changes no bit.
 */
import type { ServiceError } from "#shared/errors.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { type MemoryAccountant, type MemoryHoldings, noHoldings } from "./memory-accountant.js";
import type { PreparedOpening } from "./opening.js";
import { type PrefixCache, isSamePrompt } from "./prefix-cache.js";
import { type Opening, PromptQueue, type PromptRun } from "./prompt-queue.js";
import type { OpenedPrompt } from "./session.js";
import type { EngineSession } from "./types.js";

export interface PromptRunnerOptions {
  readonly model: LanguageModel;
  readonly accountant: MemoryAccountant;
  readonly cache: PrefixCache;
  /** Makes the session of a prompt that is there. */
  readonly onReady: (opening: Opening, prompt: OpenedPrompt) => EngineSession;
}

export class PromptRunner {
  readonly #options: PromptRunnerOptions;
  readonly #queue: PromptQueue;

  constructor(options: PromptRunnerOptions) {
    this.#options = options;
    this.#queue = new PromptQueue((opening) => this.#giveBack(opening));
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Rejects as `Engine.openSession` does. */
  add(prepared: PreparedOpening, signal: AbortSignal): Promise<EngineSession> {
    return this.#queue.add(prepared, signal);
  }

  refuseAll(reason: unknown): void {
    this.#queue.refuseAll(reason);
  }

  /** Gives back the memory of one prompt that is being run: the last to have come of the lowest priority. */
  refuseLast(error: ServiceError): boolean {
    let last: Opening | undefined;
    for (const opening of this.#queue)
      if (opening.run !== undefined && opening.prepared.priority <= (last?.prepared.priority ?? Infinity))
        last = opening;
    last?.reject(error);
    return last !== undefined;
  }

  /** Runs one chunk of the prompt whose turn it is. Prompts that are there already open at once. */
  async runChunk(): Promise<void> {
    for (;;) {
      const opening = this.#queue.next((candidate) => !this.#isRunFor(candidate));
      if (opening === undefined) return;
      if (opening.run === undefined && !this.#start(opening)) continue;
      this.#queue.moveBack(opening);
      await this.#advance(opening);
      return;
    }
  }

  /** For tests: what prompts that are being run hold. */
  holdings(): MemoryHoldings {
    const held = noHoldings();
    for (const { run } of this.#queue) {
      held.prefix += run?.prefixBytes ?? 0;
      held.logits += run?.logitsBytes ?? 0;
    }
    return held;
  }

  /** Whether the very prompt is being run for another session, so that waiting is cheaper than running it. */
  #isRunFor(candidate: Opening): boolean {
    if (candidate.run !== undefined || !this.#options.cache.enabled) return false;
    for (const { run, prepared, key } of this.#queue) {
      const soonEnough = run !== undefined && prepared.priority >= candidate.prepared.priority;
      if (soonEnough && isSamePrompt(key, candidate.key)) return true;
    }
    return false;
  }

  /** Returns whether there is a chunk to run: not when the prompt is there, or there is no memory for it. */
  #start(opening: Opening): boolean {
    const { cache } = this.#options;
    try {
      const stored = opening.prepared.includePromptProbe ? undefined : cache.find(opening.key);
      if (stored === undefined) {
        opening.run = this.#prepare(opening);
        return true;
      }
      cache.use(stored);
      const { tokenIds, growable } = stored;
      this.#open(opening, {
        growable,
        cachedTokens: tokenIds.length,
        probe: new Float32Array(0),
        release: () => cache.release(stored),
      });
    } catch (error) {
      opening.reject(error);
    }
    return false;
  }

  #prepare({ prepared, key }: Opening): PromptRun {
    const { model, accountant, cache } = this.#options;
    const prefixBytes = model.prefixBytes(key.tokenIds.length);
    const logitsBytes = Float32Array.BYTES_PER_ELEMENT * model.info.vocabularySize;
    const known = cache.longestPart(key, model.info.prefillChunkTokens);
    if (!cache.makeRoom(prefixBytes + logitsBytes)) throw accountant.exhausted(prefixBytes + logitsBytes);
    const probe = prepared.includePromptProbe ? prepared.probe : undefined;
    const wanted = { logits: "last", ...(probe === undefined ? {} : { probe }) } as const;
    const prefill = model.startPrefill(key.tokenIds, wanted, known);
    accountant.take("prefix", prefixBytes);
    accountant.take("logits", logitsBytes);
    return { prefill, cachedTokens: known?.tokenCount ?? 0, prefixBytes, logitsBytes };
  }

  async #advance(opening: Opening): Promise<void> {
    const { prefill } = opening.run!;
    try {
      await prefill.advance();
      // It is no longer waited for when it was aborted meanwhile.
      if (opening.run !== undefined && prefill.remainingTokens === 0) this.#finish(opening, opening.run);
    } catch (error) {
      opening.reject(error);
    }
  }

  #finish(opening: Opening, { prefill, cachedTokens }: PromptRun): void {
    const { cache } = this.#options;
    const { prefix, output } = prefill.result;
    this.#giveBack(opening);
    const known = cache.find(opening.key);
    if (known !== undefined) cache.use(known);
    const stored = known ?? cache.add(opening.key, { kv: prefix, logits: output.logits.slice() });
    const { probe, includePromptProbe } = opening.prepared;
    this.#open(opening, {
      growable: stored.growable,
      cachedTokens,
      probe: includePromptProbe ? output.probe.slice(-probe!.outputs) : new Float32Array(0),
      release: () => cache.release(stored),
    });
  }

  #open(opening: Opening, prompt: OpenedPrompt): void {
    opening.resolve(this.#options.onReady(opening, prompt));
  }

  /** The memory of a prompt that is no longer run. */
  #giveBack(opening: Opening): void {
    const { accountant } = this.#options;
    if (opening.run === undefined) return;
    accountant.giveBack("prefix", opening.run.prefixBytes);
    accountant.giveBack("logits", opening.run.logitsBytes);
    opening.run = undefined;
  }
}

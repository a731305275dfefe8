/**
 * Prompts that have to run before what was asked about them can begin, one chunk at a time, so that rows that run wait
 * for a chunk and never for a prompt. A chunk's place in its prompt is fixed: when it runs, and beside whom, changes no
 * bit.
 */
import type { ServiceError } from "#shared/errors.js";
import type { LanguageModel, Wanted } from "#shared/lm/types.js";
import { type MemoryAccountant, type MemoryHoldings, noHoldings } from "./memory-accountant.js";
import { type PrefixCache, isSamePrompt } from "./prefix-cache.js";
import { type Opening, PromptQueue, type PromptRequest, type PromptRun } from "./prompt-queue.js";
import type { OpenedPrompt } from "./session.js";

export interface PromptRunnerOptions {
  readonly model: LanguageModel;
  readonly accountant: MemoryAccountant;
  readonly cache: PrefixCache;
}

const LAST: Wanted = { logits: "last" };

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

  /** Of the prompt that runs next; undefined when none waits for its turn. */
  get nextPriority(): number | undefined {
    return this.#next()?.priority;
  }

  /** Resolves to what `onReady` makes of the prompt once it is there. Rejects as `Engine.openSession` does. */
  add<T>(request: PromptRequest, signal: AbortSignal, onReady: (prompt: OpenedPrompt) => T): Promise<T> {
    return this.#queue.add(request, signal, onReady);
  }

  refuseAll(reason: unknown): void {
    this.#queue.refuseAll(reason);
  }

  /** Gives back the memory of one prompt that is being run: the last to have come of the lowest priority. */
  refuseLast(error: ServiceError): boolean {
    let last: Opening | undefined;
    for (const opening of this.#queue)
      if (opening.run !== undefined && opening.priority <= (last?.priority ?? Infinity)) last = opening;
    last?.reject(error);
    return last !== undefined;
  }

  /** Runs one chunk of the prompt whose turn it is. Prompts that are there already open at once. */
  async runChunk(): Promise<void> {
    for (;;) {
      const opening = this.#next();
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

  #next(): Opening | undefined {
    return this.#queue.next((candidate) => !this.#isRunFor(candidate));
  }

  /** Whether the very prompt is being run for another, so that waiting is cheaper than running it. */
  #isRunFor(candidate: Opening): boolean {
    if (candidate.run !== undefined || !this.#options.cache.enabled) return false;
    for (const { run, request } of this.#queue) {
      const soonEnough = run !== undefined && request.priority >= candidate.priority;
      if (soonEnough && isSamePrompt(request, candidate.request)) return true;
    }
    return false;
  }

  /** Returns whether there is a chunk to run: not when the prompt is there, or there is no memory for it. */
  #start(opening: Opening): boolean {
    const { cache } = this.#options;
    const { request } = opening;
    try {
      const stored = request.probes.length > 0 ? undefined : cache.find(request);
      if (stored === undefined) {
        opening.run = this.#prepare(request);
        return true;
      }
      cache.use(stored);
      const { tokenIds, growable } = stored;
      opening.resolve({
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

  #prepare(request: PromptRequest): PromptRun {
    const { model, accountant, cache } = this.#options;
    const { tokenIds, probes } = request;
    const prefixBytes = model.prefixBytes(tokenIds.length);
    const logitsBytes = Float32Array.BYTES_PER_ELEMENT * model.info.vocabularySize;
    const known = cache.longestPart(request, model.info.prefillChunkTokens);
    if (!cache.makeRoom(prefixBytes + logitsBytes)) throw accountant.exhausted(prefixBytes + logitsBytes);
    const wanted: Wanted = probes.length > 0 ? { logits: "last", probes, observed: "last" } : LAST;
    const prefill = model.startPrefill(tokenIds, wanted, known);
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
    const { tokenIds, salt } = opening.request;
    const known = cache.find(opening.request);
    if (known !== undefined) cache.use(known);
    const stored = known ?? cache.add({ tokenIds, salt }, { kv: prefix, logits: output.logits.slice() });
    opening.resolve({
      growable: stored.growable,
      cachedTokens,
      probe: output.probe,
      release: () => cache.release(stored),
    });
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

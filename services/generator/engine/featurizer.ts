/**
 * Requests for features whose prompt is there: one run at a time, by priority and in turns, with every byte on the books.
 * A request that finds no memory is refused; a session never makes way for it.
 */
import { ServiceError } from "#shared/errors.js";
import type { FeatureJob } from "./feature-job.js";
import { type MemoryAccountant, type MemoryHoldings, noHoldings } from "./memory-accountant.js";
import type { PrefixCache } from "./prefix-cache.js";
import { Turns } from "./turns.js";

export interface FeaturizerOptions {
  readonly accountant: MemoryAccountant;
  readonly cache: PrefixCache;
  /** See `BatchEngineOptions`. */
  readonly maxUnreadEvents: number;
}

export class Featurizer {
  readonly #options: FeaturizerOptions;
  /** Bytes that are on the books for each; oldest first. */
  readonly #jobs = new Map<FeatureJob, number>();
  readonly #turns = new Turns<FeatureJob>();

  constructor(options: FeaturizerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** Of the request that runs next; undefined when none may. */
  get nextPriority(): number | undefined {
    return this.#next()?.priority;
  }

  add(job: FeatureJob): void {
    this.#jobs.set(job, 0);
    this.#turns.add(job);
  }

  /** One run of the request whose turn it is. */
  async runChunk(): Promise<void> {
    const job = this.#next();
    if (job === undefined) return;
    this.#turns.moveBack(job);
    try {
      job.begin();
      this.#book(job);
      await job.run();
      this.#book(job);
      if (!job.finished) return;
      job.finish();
      this.#forget(job);
    } catch (cause) {
      const failed = new ServiceError("internal", "the model failed to run a continuation", {}, { cause });
      this.drop(job, cause instanceof ServiceError ? cause : failed);
    }
  }

  /** Gives back everything that a request has. Its reader gets `error`, or just the end. */
  drop(job: FeatureJob, error?: ServiceError): void {
    this.#forget(job);
    job.events.abandon(error);
  }

  /** Gives back the memory of one request: the last to have come of the lowest priority. */
  refuseLast(error: ServiceError): boolean {
    let last: FeatureJob | undefined;
    for (const job of this.#jobs.keys()) if (job.priority <= (last?.priority ?? Infinity)) last = job;
    if (last !== undefined) this.drop(last, error);
    return last !== undefined;
  }

  refuseAll(error: ServiceError): void {
    for (const job of this.#jobs.keys()) this.drop(job, error);
  }

  /** For tests: what requests hold beside their prompts. */
  holdings(): MemoryHoldings {
    const held = noHoldings();
    for (const { byteLength } of this.#jobs.keys()) held.features += byteLength;
    return held;
  }

  #next(): FeatureJob | undefined {
    return this.#turns.next((job) => job.events.unread < this.#options.maxUnreadEvents);
  }

  /** Brings the books to what a request holds now. Throws resource_exhausted. */
  #book(job: FeatureJob): void {
    const { accountant, cache } = this.#options;
    const more = job.byteLength - this.#jobs.get(job)!;
    if (more > 0 && !cache.makeRoom(more)) throw accountant.exhausted(more);
    if (more > 0) accountant.take("features", more);
    else accountant.giveBack("features", -more);
    this.#jobs.set(job, job.byteLength);
  }

  #forget(job: FeatureJob): void {
    const booked = this.#jobs.get(job);
    if (booked === undefined) return;
    this.#jobs.delete(job);
    this.#turns.delete(job);
    this.#options.accountant.giveBack("features", booked);
    job.dispose();
  }
}

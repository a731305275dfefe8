/**
 * Continuous batching. `step` is all there is to it: run a chunk of what waits (a prompt, or texts to featurize), let
 * waiting rows join, let every running row draw a token, run these tokens in one step of the model, and see whose step or text is over. Rows of
 * all sessions share that run; they join and leave between runs. Nothing here waits for anybody but the model, and
 * nothing is called while a step is under way: `local-engine` sees to that.
 */
import assert from "node:assert/strict";
import { ServiceError } from "#shared/errors.js";
import type { LanguageModel, RowOutput } from "#shared/lm/types.js";
import { Featurizer } from "./featurizer.js";
import { MemoryAccountant, type MemoryKind, noHoldings } from "./memory-accountant.js";
import { PrefixCache } from "./prefix-cache.js";
import { PromptRunner } from "./prompt-runner.js";
import type { Row } from "./row.js";
import { RunningRows } from "./running-rows.js";
import { Scheduler } from "./scheduler.js";
import type { Session } from "./session.js";
import { bytesOf } from "./tree.js";
import type { EngineLimits, GrowRequest, NodeId } from "./types.js";

export interface BatchEngineOptions {
  readonly model: LanguageModel;
  readonly limits: EngineLimits;
  /** A session with so many events unread is not scheduled; its rows that run then end their step. */
  readonly maxUnreadEvents: number;
}

export class BatchEngine {
  readonly accountant: MemoryAccountant;
  /** Of sessions that are not open yet, and of texts to featurize. */
  readonly prompts: PromptRunner;
  readonly featurizer: Featurizer;
  readonly #cache: PrefixCache;
  readonly #limits: EngineLimits;
  readonly #maxUnreadEvents: number;
  readonly #scheduler = new Scheduler<Session, Row>();
  readonly #running: RunningRows;
  /** Oldest first. */
  readonly #sessions = new Set<Session>();
  #generatedTokens = 0;
  #featurizedLast = false;

  constructor({ model, limits, maxUnreadEvents }: BatchEngineOptions) {
    const accountant = new MemoryAccountant(limits.maxKvBytes);
    const cache = new PrefixCache(accountant, limits.maxPrefixCacheBytes);
    this.accountant = accountant;
    this.prompts = new PromptRunner({ model, accountant, cache });
    this.featurizer = new Featurizer({ accountant, cache, maxUnreadEvents });
    this.#cache = cache;
    this.#limits = limits;
    this.#maxUnreadEvents = maxUnreadEvents;
    this.#running = new RunningRows(model, this.accountant);
  }

  async step(): Promise<void> {
    await this.#runChunk();
    this.#schedule();
    const rows = this.#draw();
    const outputs = await this.#run(rows);
    this.#commit(rows, outputs);
  }

  /** Whether a step would do anything. */
  get hasWork(): boolean {
    return (
      this.prompts.size > 0 ||
      this.featurizer.nextPriority !== undefined ||
      this.#running.size > 0 ||
      this.#scheduler.peek(this.#mayRun) !== undefined
    );
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  get counts(): { runningRows: number; waitingRows: number; generatedTokens: number } {
    const { size: runningRows } = this.#running;
    return { runningRows, waitingRows: this.#scheduler.waiting, generatedTokens: this.#generatedTokens };
  }

  join(session: Session): void {
    this.#sessions.add(session);
  }

  /** Rejections as in `EngineSession.grow`. */
  grow(session: Session, request: GrowRequest): void {
    for (const row of session.grow(request)) this.#scheduler.enqueue(row);
  }

  /** Rejections as in `EngineSession.prune`. */
  prune(session: Session, nodeIds: readonly NodeId[]): void {
    session.assertAlive();
    const pruned = new Set(session.tree.prune(nodeIds));
    for (const row of [...session.rows].filter(({ node }) => pruned.has(node))) {
      session.usage.cancelled(row.tokenIds.length);
      session.events.push(row.toEvent("cancelled"));
      this.#leave(row);
    }
  }

  /** No more requests: what was asked for is finished, then `closed` is the last event. */
  end(session: Session): void {
    session.ending = true;
    this.#closeWhenDone(session);
  }

  /** Gives back everything that a session has, at once. Its reader gets `error`, or just the end. */
  drop(session: Session, error?: ServiceError): void {
    this.#forget(session);
    session.events.abandon(error);
  }

  /** Gives back everything. */
  clear(error: ServiceError): void {
    this.prompts.refuseAll(error);
    this.featurizer.refuseAll(error);
    for (const session of this.#sessions) this.drop(session, error);
    this.#cache.clear();
  }

  /** For tests: every byte is booked, every row has its place. Throws an AssertionError otherwise. */
  checkIntegrity(): void {
    const sum = noHoldings();
    const parts = [this.#cache.holdings(), this.prompts.holdings(), this.featurizer.holdings()];
    for (const session of this.#sessions) parts.push(session.tree.checkIntegrity());
    for (const part of parts) for (const kind in part) sum[kind as MemoryKind] += part[kind as MemoryKind];
    this.accountant.checkIntegrity({ ...sum, slots: this.#running.checkIntegrity() });
    const rows = [...this.#sessions].reduce((count, session) => count + session.rows.size, 0);
    assert.equal(this.#running.size + this.#scheduler.waiting, rows, "every row either runs or waits");
  }

  /** One chunk of a prompt or of texts to featurize: of the higher priority, by turns where they are equal. */
  async #runChunk(): Promise<void> {
    const prompts = this.prompts.nextPriority ?? -Infinity;
    const features = this.featurizer.nextPriority ?? -Infinity;
    this.#featurizedLast = features > prompts || (features === prompts && !this.#featurizedLast);
    await (this.#featurizedLast ? this.featurizer : this.prompts).runChunk();
  }

  /** Lets waiting rows join, session by session, while there are slots and memory. */
  #schedule(): void {
    while (this.#running.size < this.#limits.maxBatchRows) {
      const row = this.#scheduler.peek(this.#mayRun);
      if (row === undefined) return;
      const bytes = (): number => (row.session.over ? 0 : this.#running.bytesToAdmit(row));
      if (this.#cache.makeRoom(bytes())) {
        this.#scheduler.take(row);
        this.#running.admit(row);
      } else if (this.#running.size > 0) {
        // Whoever runs will leave, and give back its slot.
        return;
      } else this.#makeRoom(bytes);
    }
  }

  /** Every running row draws its next token. Returns those whose token has to run; the others are over. */
  #draw(): Row[] {
    this.#makeRoom(() => this.#running.bytesToRun());
    const rows = [...this.#running];
    for (const row of rows) this.#attempt(row, () => row.draw());
    const drawn = rows.filter((row) => !row.session.over);
    this.#generatedTokens += drawn.length;
    for (const row of drawn) if (row.wanted === undefined) this.#finish(row);
    return drawn.filter((row) => row.wanted !== undefined);
  }

  /** Logits that are no distribution cost their session, not the Worker. */
  #attempt(row: Row, act: () => void): void {
    if (row.session.over) return;
    try {
      act();
    } catch (cause) {
      const failed = new ServiceError(
        "internal",
        "the model gave no distribution to draw from",
        {},
        { cause },
      );
      this.drop(row.session, cause instanceof ServiceError ? cause : failed);
    }
  }

  async #run(rows: readonly Row[]): Promise<readonly RowOutput[]> {
    if (rows.length === 0) return [];
    try {
      return await this.#running.run(rows);
    } catch (cause) {
      const failed = new ServiceError("internal", "the model failed to run a step", {}, { cause });
      for (const row of rows) this.drop(row.session, failed);
      return [];
    }
  }

  /** Gives every row what its token's run came to, then sees who is done. */
  #commit(rows: readonly Row[], outputs: readonly RowOutput[]): void {
    outputs.forEach((output, index) => {
      const row = rows[index]!;
      this.#attempt(row, () => row.advance(output));
    });
    for (const row of rows) {
      // The memory that a row before this one needed may have cost this one's session.
      if (row.session.over) continue;
      if (row.ending === "step") this.#endStep(row);
      else if (row.ending !== undefined) this.#finish(row);
    }
  }

  /** A step is over and its node can grow. The path goes on by itself when that was asked for. */
  #endStep(row: Row): void {
    const { session } = row;
    const growable = { kv: this.#running.take(row), logits: row.logits.slice() };
    this.#makeRoom(() => bytesOf(growable));
    if (session.over) return;
    session.tree.keep(row.node, row.tokenIds, growable);
    session.events.push(row.toEvent("step"));
    if (row.job.until === "end" && row.tokensLeft > 0) this.#follow(row);
    else this.#leave(row);
  }

  /** The next step of the path: in the same slot, or, when others wait or nobody reads, back in the queue. */
  #follow(row: Row): void {
    const { session } = row;
    const refusal = session.tree.refuseNodes(1);
    if (refusal !== undefined) {
      this.drop(session, refusal);
      return;
    }
    const next = session.follow(row);
    if (this.#mayRun(session) && !this.#scheduler.othersWait(session, this.#mayRun)) {
      this.#running.handOver(row, next);
    } else {
      this.#running.release(row);
      this.#scheduler.enqueueFirst(next);
    }
  }

  /** A text is over. */
  #finish(row: Row): void {
    row.session.tree.end(row.node);
    row.session.events.push(row.toEvent(row.ending!));
    this.#leave(row);
  }

  #leave(row: Row): void {
    this.#withdraw(row);
    row.session.leave(row);
    this.#closeWhenDone(row.session);
  }

  #withdraw(row: Row): void {
    if (this.#running.has(row)) this.#running.release(row);
    else this.#scheduler.remove(row);
  }

  #closeWhenDone(session: Session): void {
    if (!session.ending || !session.idle || session.over) return;
    session.events.push({ kind: "closed", usage: session.usage.total() });
    session.events.finish();
    this.#forget(session);
  }

  #forget(session: Session): void {
    if (session.over) return;
    for (const row of session.rows) this.#withdraw(row);
    this.#sessions.delete(session);
    session.dispose();
  }

  /**
   * Makes `bytes` more fit (which what is left may need less of). Prompts that nobody uses go first, then those that are
   * being run, then texts being featurized, then sessions: the lowest priority first, in it the youngest, so that the
   * oldest session always gets to its end.
   */
  #makeRoom(bytes: () => number): void {
    while (!this.#cache.makeRoom(bytes())) {
      const error = this.accountant.exhausted(bytes());
      if (this.prompts.refuseLast(error) || this.featurizer.refuseLast(error)) continue;
      const last = this.#lastInLine();
      if (last === undefined) return;
      this.drop(last, error);
    }
  }

  #lastInLine(): Session | undefined {
    let last: Session | undefined;
    for (const session of this.#sessions)
      if (session.priority <= (last?.priority ?? Infinity)) last = session;
    return last;
  }

  /** A session whose events nobody reads does not run further ahead. */
  readonly #mayRun = (session: Session): boolean => session.events.unread < this.#maxUnreadEvents;
}

/**
 * Scores the waiting steps of all searches together: one ragged batch per round over the reader (a language model). A
 * path's keys and values are kept, so only a step's own tokens are run, once. A queue and a loop; what a step's tokens
 * are and how a score is read is the adapter's, what a session remembers the path tree's.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { ServiceError } from "#shared/errors.js";
import type { KvSegment, LanguageModel, RowBatch, RowOutput } from "#shared/lm/types.js";
import type { NodeId } from "../../ports.js";
import type { PrmAdapter } from "./adapter.js";
import {
  type Call,
  cancelled,
  exhausted,
  type Item,
  type Session,
  type Slice,
  type TextStep,
} from "./batch-work.js";
import { type PathNode, PathTree } from "./path-tree.js";

export interface BatcherLimits {
  /** Tokens of one round; a longer step runs in pieces. */
  readonly maxBatchTokens: number;
  /** Keys, values and memories of all sessions, and the batch's slots: resource_exhausted beyond it. */
  readonly maxKvBytes: number;
  /** Steps that wait, all sessions together: resource_exhausted beyond it. */
  readonly maxWaitingSteps: number;
}

const CONTEXT_EXCEEDED = "PRM_CONTEXT_EXCEEDED";

export class PrmBatcher {
  readonly #model: LanguageModel;
  readonly #adapter: PrmAdapter;
  readonly #limits: BatcherLimits;
  readonly #batch: RowBatch;
  readonly #sessions = new Map<number, Session>();
  /** Sessions whose prompt is being run. */
  readonly #opening = new Set<number>();
  /** Steps of the round that the model runs now. */
  #running = new Set<Item>();
  /** Settles when the model is free: prompts and rounds run one after the other. */
  #modelFree: Promise<unknown> = Promise.resolve();
  /** In order of arrival. */
  #queue: Item[] = [];
  #looping = false;

  constructor(model: LanguageModel, adapter: PrmAdapter, limits: BatcherLimits) {
    this.#model = model;
    this.#adapter = adapter;
    this.#limits = limits;
    this.#batch = model.createBatch();
  }

  /** Bytes that count against `maxKvBytes`. */
  get usedBytes(): number {
    let bytes = this.#batch.byteLength;
    for (const { tree } of this.#sessions.values()) bytes += tree.byteLength;
    return bytes;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /**
   * Runs the problem's prompt, once per session; resolves to its number of tokens. invalid_argument when it does not fit
   * the reader's context, resource_exhausted when there is no memory for it.
   */
  async open(sessionId: number, problem: string): Promise<number> {
    const promptIds = this.#adapter.encodePrompt(problem);
    const { promptWanted, memoryBytes } = this.#adapter;
    this.#checkProblem(promptIds.length);
    this.#opening.add(sessionId);
    try {
      const { prefix, output } = await this.#exclusive(async () => {
        this.#checkMemory(promptIds.length * this.#model.info.kvBytesPerToken + memoryBytes);
        return this.#model.prefill(promptIds, promptWanted);
      });
      if (!this.#opening.has(sessionId))
        throw cancelled("the scoring session was closed while it was opened");
      const tree = new PathTree(prefix, this.#adapter.begin(output), memoryBytes);
      this.#sessions.set(sessionId, { tree, waiting: new Map(), verifierTokens: promptIds.length });
      return promptIds.length;
    } finally {
      this.#opening.delete(sessionId);
    }
  }

  /**
   * One score in (0, 1) per step, in order, or a ServiceError; then none of the call's steps is kept. A step that holds
   * nothing to read (white space, say) is not run and has the score of the step before it. Steps that are pruned while
   * they wait reject their whole call with `cancelled`.
   */
  async score(sessionId: number, steps: readonly TextStep[]): Promise<readonly number[]> {
    const session = this.#session(sessionId);
    if (steps.length === 0) return [];
    this.#checkQueue(steps.length);
    const { nodes, tokenIds } = this.#addNodes(session, steps);
    return new Promise((resolve, reject) => {
      const scores = steps.map(() => Number.NaN);
      const call: Call = { session, scores, nodes, remaining: steps.length, settled: false, resolve, reject };
      for (const [index, ids] of tokenIds.entries()) this.#enqueue(call, index, ids);
      void this.#loop();
    });
  }

  /** Gives back paths and all below them. */
  prune(sessionId: number, nodeIds: readonly NodeId[]): void {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined)
      this.#drop(session, nodeIds, cancelled("the step was pruned before it was scored"));
  }

  /** Tokens run for a session so far, its prompt included. */
  verifierTokens(sessionId: number): number {
    return this.#sessions.get(sessionId)?.verifierTokens ?? 0;
  }

  /** Ends a session and frees what it keeps. Idempotent. */
  close(sessionId: number): void {
    this.#opening.delete(sessionId);
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    this.#sessions.delete(sessionId);
    const error = cancelled("the scoring session was closed before the step was scored");
    for (const item of session.waiting.values()) this.#fail(item.call, error);
  }

  #session(sessionId: number): Session {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) return session;
    throw new ServiceError("failed_precondition", "a scoring session must be open before it scores");
  }

  /** All steps or none. */
  #addNodes(session: Session, steps: readonly TextStep[]) {
    const nodes: PathNode[] = [];
    const tokenIds: (readonly number[])[] = [];
    try {
      for (const { nodeId, parentId, text } of steps) {
        if (text === "")
          throw new ServiceError("invalid_argument", "a step must hold text, got an empty step", {
            reason: "EMPTY_STEP",
          });
        const ids = this.#adapter.encodeStep(text, !session.tree.get(parentId).isWorded);
        const node = session.tree.add(nodeId, parentId, ids.length);
        nodes.push(node);
        tokenIds.push(ids);
        this.#checkPath(node.totalTokens);
      }
      return { nodes, tokenIds };
    } catch (error) {
      session.tree.prune(nodes.map(({ id }) => id));
      throw error;
    }
  }

  #enqueue(call: Call, index: number, tokenIds: readonly number[]): void {
    const node = call.nodes[index]!;
    const item: Item = { call, index, node, tokenIds, done: 0, row: undefined, reading: undefined };
    call.session.waiting.set(node, item);
    this.#queue.push(item);
  }

  async #exclusive<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#modelFree.then(run);
    this.#modelFree = result.catch(() => undefined);
    return result;
  }

  async #loop(): Promise<void> {
    if (this.#looping) return;
    this.#looping = true;
    try {
      while (this.#queue.length > 0) {
        // Let steps that arrived meanwhile (messages of the Worker's port) join this round.
        await nextTurn();
        await this.#runRound(this.#nextRound());
      }
    } finally {
      this.#looping = false;
    }
  }

  /** Steps whose path is read, in order of arrival, until the round's tokens or the memory are used up. */
  #nextRound(): Slice[] {
    const round: Slice[] = [];
    let tokensLeft = this.#limits.maxBatchTokens;
    // Steps that have begun go first: they hold slots that others may wait for.
    const begun = this.#queue.filter(({ row }) => row !== undefined);
    const others = this.#queue.filter(({ row }) => row === undefined);
    for (const item of [...begun, ...others]) {
      if (tokensLeft === 0) break;
      if (item.call.settled || item.node.parent!.read === undefined) continue;
      if (item.tokenIds.length === 0) {
        this.#finishWordless(item);
        continue;
      }
      if (item.row === undefined && !this.#admit(item, round.length === 0)) continue;
      const tokenIds = item.tokenIds.slice(item.done, item.done + tokensLeft);
      tokensLeft -= tokenIds.length;
      round.push({ item, row: item.row!, tokenIds });
    }
    return round;
  }

  /** Gives the step a row. Without memory it waits for the round's other rows to end, or fails when there are none. */
  #admit(item: Item, alone: boolean): boolean {
    const { tree } = item.call.session;
    const parent = item.node.parent!;
    const rowTokens = item.node.totalTokens - tree.prefix.tokenCount;
    const slots = this.#batch.byteLengthWith(tree.prefix, rowTokens) - this.#batch.byteLength;
    const kept = item.tokenIds.length * this.#model.info.kvBytesPerToken + this.#adapter.memoryBytes;
    try {
      this.#checkMemory(slots + kept);
    } catch (error) {
      if (alone) this.#fail(item.call, error);
      return false;
    }
    item.row = this.#batch.admit(tree.prefix, tree.segments(parent));
    item.reading = parent.read!.memory.read(item.tokenIds);
    return true;
  }

  async #runRound(round: readonly Slice[]): Promise<void> {
    if (round.length === 0) return;
    this.#running = new Set(round.map(({ item }) => item));
    try {
      const outputs = await this.#exclusive(() =>
        this.#batch.step(
          round.map(({ item, row, tokenIds }) => {
            const last = item.done + tokenIds.length === item.tokenIds.length;
            return { row, tokenIds, wanted: this.#adapter.stepWanted(last) };
          }),
        ),
      );
      for (const [index, slice] of round.entries()) this.#consume(slice, outputs[index]!);
    } catch (error) {
      for (const { item } of round) this.#fail(item.call, error);
    } finally {
      this.#running = new Set();
      // Steps that failed or were pruned while they ran.
      for (const { item } of round) if (item.call.settled) this.#release(item);
    }
  }

  #consume({ item, tokenIds }: Slice, output: RowOutput): void {
    item.call.session.verifierTokens += tokenIds.length;
    if (item.call.settled) return;
    item.done += tokenIds.length;
    item.reading!.take(tokenIds, output);
    if (item.done === item.tokenIds.length) this.#finish(item);
  }

  #finish(item: Item): void {
    const { node, call } = item;
    const { score, memory } = item.reading!.finish();
    const kv: KvSegment = this.#batch.take(item.row!, item.tokenIds.length);
    call.session.tree.commit(node, { kv, memory, score });
    this.#release(item);
    this.#settle(item, score);
  }

  #finishWordless(item: Item): void {
    item.call.session.tree.commitWordless(item.node);
    this.#release(item);
    this.#settle(item, item.node.read!.score);
  }

  #settle({ call, node, index }: Item, score: number): void {
    call.session.waiting.delete(node);
    if (!Number.isFinite(score))
      return this.#fail(call, new ServiceError("internal", "the PRM's score is not a number"));
    call.scores[index] = score;
    call.remaining -= 1;
    if (call.remaining > 0) return;
    call.settled = true;
    call.resolve(call.scores);
  }

  #release(item: Item): void {
    if (item.row !== undefined) this.#batch.release(item.row);
    item.row = undefined;
    item.reading = undefined;
    this.#queue = this.#queue.filter((other) => other !== item);
  }

  /** Rejects a call and forgets its steps, with those of other calls that hang below them. */
  #fail(call: Call, error: unknown): void {
    if (call.settled) return;
    call.settled = true;
    call.reject(error);
    this.#drop(
      call.session,
      call.nodes.map(({ id }) => id),
      cancelled("the step's path could not be scored"),
    );
  }

  #drop(session: Session, nodeIds: readonly NodeId[], error: ServiceError): void {
    for (const node of session.tree.prune(nodeIds)) {
      const item = session.waiting.get(node);
      if (item === undefined) continue;
      session.waiting.delete(node);
      this.#queue = this.#queue.filter((other) => other !== item);
      // A row that runs now is released when its round has ended.
      if (!this.#running.has(item)) this.#release(item);
      this.#fail(item.call, error);
    }
  }

  #checkProblem(tokens: number): void {
    const { contextLength } = this.#model.info;
    if (tokens <= contextLength) return;
    const description = `must fit the PRM's context of ${contextLength} tokens, got ${tokens}; shorten it`;
    throw new ServiceError("invalid_argument", `problem ${description}`, {
      reason: CONTEXT_EXCEEDED,
      fieldViolations: [{ field: "problem", description }],
    });
  }

  /** A path may be the policy's own, so its length is nobody's bad argument. */
  #checkPath(tokens: number): void {
    const { contextLength } = this.#model.info;
    if (tokens <= contextLength) return;
    throw new ServiceError(
      "failed_precondition",
      `problem, path and step together must fit the PRM's context of ${contextLength} tokens, got ${tokens}; shorten the solution or use a PRM with a longer context`,
      {
        reason: CONTEXT_EXCEEDED,
        metadata: { contextLength: `${contextLength}`, tokens: `${tokens}` },
      },
    );
  }

  #checkQueue(count: number): void {
    const { maxWaitingSteps } = this.#limits;
    const waiting = this.#queue.length;
    if (waiting + count > maxWaitingSteps)
      throw exhausted(`steps waiting for the PRM must stay at or below ${maxWaitingSteps}`, {
        waiting,
        asked: count,
      });
  }

  #checkMemory(bytes: number): void {
    const used = this.usedBytes;
    const { maxKvBytes } = this.#limits;
    if (used + bytes > maxKvBytes)
      throw exhausted(`the PRM's keys and values must stay at or below ${maxKvBytes} bytes`, {
        used,
        asked: bytes,
      });
  }
}

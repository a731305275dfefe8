/**
 * Steps on their way through the verifier. All that wait go in one call: what arrives together is read together, and
 * while a call is under way the next ones gather. A step waits until its parent has a score, as ScorerSession asks.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { ServiceError } from "#shared/errors.js";
import type { NodeId, ScorerSession, StepScore } from "../ports.js";
import type { Ledger } from "./ledger.js";
import { type Group, isBareEnd, type Path } from "./path.js";

/** Stands in where nothing is to be scored. */
export const noScorer: ScorerSession = {
  score: () => Promise.reject(new ServiceError("internal", "nothing scores here")),
  prune: () => undefined,
  usage: () => ({ verifierTokens: 0, flops: 0 }),
  close: () => undefined,
};

/** One for each path of a call; undefined for ends without words that are not read. */
export type Scores = readonly (StepScore | undefined)[];

export class Scoring {
  private readonly session: ScorerSession;
  private readonly readsBareEnds: boolean;
  private readonly ledger: Ledger;
  private readonly deliver: (paths: readonly Path[], scores: Scores) => Promise<void>;
  private readonly fail: (reason: unknown) => void;
  private waiting: Path[] = [];
  /** A call is under way, or about to be once everything that has arrived is known. */
  private isReading = false;
  private reading: readonly Path[] = [];
  private freed: NodeId[] = [];

  constructor(
    session: ScorerSession,
    /** As StepScorer has it. */
    readsBareEnds: boolean,
    ledger: Ledger,
    /** Called with what a call read; it answers with `accept`. */
    deliver: (paths: readonly Path[], scores: Scores) => Promise<void>,
    fail: (reason: unknown) => void,
  ) {
    this.session = session;
    this.readsBareEnds = readsBareEnds;
    this.ledger = ledger;
    this.deliver = deliver;
    this.fail = fail;
  }

  add(path: Path): void {
    this.waiting.push(path);
  }

  /** Gives back a node. Only between calls, so that no node vanishes under the reader. */
  free(node: NodeId): void {
    this.freed.push(node);
    this.flushFreed();
  }

  /** Forgets what waits. */
  clear(): void {
    this.waiting = [];
  }

  /** Whether a step of the group has no score yet. Steps that nothing needs any more do not count. */
  isBusyWith(group: Group): boolean {
    const isOfGroup = (path: Path): boolean => path.group === group;
    return this.pending().some(isOfGroup) || this.reading.some(isOfGroup);
  }

  get isIdle(): boolean {
    return !this.isReading && this.pending().length === 0;
  }

  /** Starts a call if none is under way and something can be read. False when the budget forbids even one step. */
  start(): boolean {
    if (this.isReading) return true;
    const ready = this.ready();
    if (ready.length === 0) return true;
    if (this.affordable(ready).length === 0) return false;
    this.isReading = true;
    this.read().catch(this.fail);
    return true;
  }

  /** Writes the scores of a call to its paths; the next call may start. */
  accept(paths: readonly Path[], scores: Scores): void {
    for (const [i, path] of paths.entries()) path.score = scores[i];
    this.reading = [];
    this.isReading = false;
    this.flushFreed();
  }

  private affordable(ready: readonly Path[]): Path[] {
    let tokens = 0;
    return ready.filter((path) => {
      if (!this.ledger.canScore(tokens + path.step.tokenIds.length)) return false;
      tokens += path.step.tokenIds.length;
      return true;
    });
  }

  private async read(): Promise<void> {
    await nextTurn();
    const batch = this.affordable(this.ready());
    const chosen = new Set(batch);
    this.waiting = this.waiting.filter((path) => !chosen.has(path));
    this.reading = batch;
    const legible = batch.filter((path) => this.readsBareEnds || !isBareEnd(path));
    const scores = legible.length === 0 ? [] : await this.session.score(legible.map((path) => path.step));
    assertScores(scores, legible.length);
    this.ledger.scored(tokensOf(legible));
    this.ledger.settled(tokensOf(batch) - tokensOf(legible));
    const scoreOf = new Map(legible.map((path, i) => [path, scores[i]]));
    await this.deliver(
      batch,
      batch.map((path) => scoreOf.get(path)),
    );
  }

  /**
   * Of those that wait: still needed, and below a path that has its score or will have it. A row that is being cancelled
   * may deliver an end whose parent was dropped unread; nobody can read that any more, and waiting for it would be for ever.
   */
  private pending(): Path[] {
    const coming = new Set(this.reading);
    // Parents wait before their children.
    return this.waiting.filter((path) => {
      const { parent } = path;
      const isPending =
        path.claims > 0 && (parent === undefined || parent.score !== undefined || coming.has(parent));
      if (isPending) coming.add(path);
      return isPending;
    });
  }

  /** Those whose parent has its score. What will never be read is let go. */
  private ready(): Path[] {
    const pending = new Set(this.pending());
    this.ledger.settled(tokensOf(this.waiting.filter((path) => !pending.has(path))));
    this.waiting = [...pending];
    return this.waiting.filter((path) => path.parent === undefined || path.parent.score !== undefined);
  }

  private flushFreed(): void {
    if (this.reading.length > 0 || this.freed.length === 0) return;
    this.session.prune(this.freed);
    this.freed = [];
  }
}

function tokensOf(paths: readonly Path[]): number {
  return paths.reduce((sum, path) => sum + path.step.tokenIds.length, 0);
}

/** A missing score is a fault of the verifier, never a low score of the step. */
function assertScores(scores: readonly StepScore[], count: number): void {
  if (scores.length !== count)
    throw new ServiceError(
      "internal",
      `the verifier must score every step: ${count} asked, ${scores.length} scored`,
    );
  const bad = scores.find(({ score }) => !(score >= 0 && score <= 1));
  if (bad !== undefined)
    throw new ServiceError("internal", `a step score must lie in (0, 1), got ${bad.score}`);
}

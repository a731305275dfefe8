/**
 * The one mechanism of every search. Groups of paths grow, independently of each other; steps are scored as they arrive;
 * a group that has all its rows and scores drops duplicates, asks the strategy who goes on, prunes the losers and grows
 * again. Everything that happens arrives through one inbox, so state changes in one place, one message at a time.
 */
import { ServiceError } from "#shared/errors.js";
import { createRng } from "#shared/rng.js";
import type { Calibration } from "../plan/calibration/calibration.js";
import { calibratedConfidence } from "../plan/calibration/judge.js";
import type { NodeId, PolicySession, StepSample } from "../ports.js";
import type { Growth, Message } from "./growth.js";
import type { Inbox } from "./inbox.js";
import type { Ledger } from "./ledger.js";
import { fusionOf } from "./fusion.js";
import { createPath, type Group, type Path, pathNodes, release } from "./path.js";
import { rankPaths, rejectWeak } from "./ranking.js";
import type { Scoring } from "./scoring.js";
import type { StepStrategy, Strategy } from "./strategy.js";
import type { Candidate, PruneReason, SearchEvent, SearchPlan, StopReason } from "./types.js";
import { mean, type Tally, tally, toCandidate } from "./vote.js";

export interface FrontierParts {
  readonly session: PolicySession;
  readonly inbox: Inbox<Message>;
  readonly ledger: Ledger;
  readonly growth: Growth;
  readonly scoring: Scoring;
  readonly maxDepth: number;
  readonly maxSolutionTokens: number;
  /** Of what strategies draw. */
  readonly seed: number;
  /** Of this pair; unset where none applies. */
  readonly calibration: Calibration | undefined;
}

type Events = Generator<SearchEvent, void>;

export class Frontier {
  /** Finished and, where the strategy asks for scores, scored. */
  readonly candidates: Candidate[] = [];
  /** Paths that met the token or depth limit unfinished. */
  cut = 0;
  private readonly parts: FrontierParts;
  private readonly paths = new Map<NodeId, Path>();
  private strategy!: Strategy;
  private plan!: SearchPlan;
  private groups: readonly Group[] = [];
  private stopping: "budget" | "deadline" | undefined;
  private metDepth = false;
  /** Done, and waiting for the score of its last step. */
  private readonly unscored = new Set<Path>();

  constructor(parts: FrontierParts) {
    this.parts = parts;
  }

  /** Runs one strategy to its end. May be called again: candidates add up. */
  async *run(strategy: Strategy, plan: SearchPlan): AsyncGenerator<SearchEvent, StopReason> {
    this.strategy = strategy;
    this.plan = plan;
    this.metDepth = false;
    this.parts.growth.begin(strategy.until, plan);
    const sizes = strategy.groups(plan);
    this.groups = sizes.map((size, i) => createGroup(size, sizes.length === 1 ? 0 : i + 1));
    for (;;) {
      for (const group of this.groups) yield* this.advance(group);
      if (this.hasEnded()) return yield* this.end(this.stopping ?? (this.metDepth ? "depth" : "finished"));
      yield* this.spend();
      if (this.hasEnded()) continue;
      yield* this.handle(await this.parts.inbox.take());
      if (this.stopping === "deadline") return yield* this.end("deadline");
    }
  }

  /** The vote of all that has finished, under a plan. */
  outcome(plan: SearchPlan): Tally {
    const { candidates, cut } = this;
    const counted = tally(candidates, plan.vote, cut, fusionOf(plan.verifier));
    const { calibration } = this.parts;
    if (calibration === undefined) return counted;
    return { ...counted, confidence: calibratedConfidence(calibration, counted, candidates, plan) };
  }

  /** Tokens on the paths of finished candidates, and of completed steps that led nowhere. */
  tokens(): { kept: number; pruned: number } {
    const kept = new Set<Path>();
    let all = 0;
    for (const path of this.paths.values()) {
      all += path.step.tokenIds.length;
      if (path.status === "done") for (const node of pathNodes(path)) kept.add(node);
    }
    const keptTokens = [...kept].reduce((sum, path) => sum + path.step.tokenIds.length, 0);
    return { kept: keptTokens, pruned: all - keptTokens };
  }

  /** What finished but could not be scored any more still counts as finished. */
  private *end(reason: StopReason): Generator<SearchEvent, StopReason> {
    for (const path of this.unscored) yield* this.finish(path);
    return reason;
  }

  private hasEnded(): boolean {
    return (
      this.parts.scoring.isIdle && this.groups.every((group) => group.openGrows === 0 && !hasWork(group))
    );
  }

  /** Starts what the budget allows; a budget that allows nothing more ends the search. */
  private *spend(): Events {
    const { ledger, growth, scoring } = this.parts;
    for (const group of this.groups) growth.start(group);
    const wantsRows = this.groups.some((group) => group.openGrows > 0 || group.wanted.length > 0);
    const isSpent = wantsRows && ledger.remainingTokens() <= 0;
    const canRead = scoring.start();
    if (isSpent || !canRead) yield* this.stop("budget");
    if (!canRead) scoring.clear();
  }

  private *handle(message: Message): Events {
    switch (message.type) {
      case "step":
        yield* this.onStep(message.group, message.step);
        break;
      case "grown":
        this.onGrown(message.group, message.parent, message.missingRows);
        break;
      case "scored":
        this.parts.scoring.accept(message.paths, message.scores);
        yield* this.onScored(message.paths);
        break;
      case "deadline":
        yield* this.stop("deadline");
    }
  }

  private *onStep(group: Group, step: StepSample): Events {
    const parent = this.parentOf(step);
    this.parts.growth.onStep(step, parent);
    if (step.finishReason === "cancelled") {
      this.free(parent);
      return;
    }
    const path = createPath(step, parent, group);
    this.paths.set(path.nodeId, path);
    if (parent !== undefined) group.active.delete(parent);
    group.active.add(path);
    yield added(path);
    const isDone = step.finishReason === "eos" || step.finishReason === "stop";
    const reason = isDone ? undefined : this.reasonToDrop(path);
    if (reason !== undefined) yield* this.reject(path, reason);
    else if (isDone) yield* this.complete(path);
    else if (this.isScored) this.parts.scoring.add(path);
  }

  private parentOf(step: StepSample): Path | undefined {
    const parent = this.paths.get(step.parentId);
    if (parent === undefined && step.parentId !== 0)
      throw new ServiceError(
        "internal",
        `the policy must deliver a parent before its children, got node ${step.nodeId} of unknown ${step.parentId}`,
      );
    return parent;
  }

  private get isScored(): boolean {
    return this.plan.verifier !== "none";
  }

  private reasonToDrop(path: Path): PruneReason | undefined {
    if (path.step.finishReason === "length") return "length";
    if (this.stopping !== undefined) return this.stopping;
    // Step searches meet the depth at the end of a round, when their last steps are scored.
    return this.strategy.until === "end" && path.depth >= this.parts.maxDepth ? "depth" : undefined;
  }

  private *complete(path: Path): Events {
    path.status = "done";
    path.group.active.delete(path);
    path.group.finished++;
    this.unscored.add(path);
    if (this.isScored) this.parts.scoring.add(path);
    else yield* this.finish(path);
  }

  /** A policy may deliver fewer rows than asked for; what was held for them is let go. */
  private onGrown(group: Group, parent: Path | undefined, missingRows: number): void {
    group.openGrows--;
    for (let row = 0; row < missingRows; row++) {
      this.parts.ledger.rowStopped(0);
      if (this.strategy.until === "step") this.free(parent);
    }
  }

  private *onScored(paths: readonly Path[]): Events {
    for (const path of paths) {
      if (path.score !== undefined) yield { type: "node_scored", nodeId: path.nodeId, ...path.score };
      if (path.status === "done") yield* this.finish(path);
    }
  }

  private *finish(path: Path): Events {
    this.unscored.delete(path);
    this.candidates.push(toCandidate(path, this.plan.aggregation));
    this.free(path);
    const { winner, confidence } = this.outcome(this.plan);
    if (winner !== undefined)
      yield {
        type: "best_so_far",
        answer: winner.answer,
        confidence,
        finishedCandidates: this.candidates.length,
      };
  }

  /** Ends a group's round once all its rows and scores are in, and asks for the next one. */
  private *advance(group: Group): Events {
    if (group.openGrows > 0 || group.wanted.length > 0 || this.parts.scoring.isBusyWith(group)) return;
    if (this.strategy.until === "step") yield* this.nextRound(group, this.strategy);
    // Chains that ended without an end: the policy had no tokens left for another step.
    else yield* this.rejectAll(group.active, "length");
  }

  private *nextRound(group: Group, strategy: StepStrategy): Events {
    for (const path of group.active) {
      if (path.depth >= this.parts.maxDepth) yield* this.reject(path, "depth");
      else if (path.tokenCount >= this.parts.maxSolutionTokens) yield* this.reject(path, "length");
    }
    const { distinct, duplicates } = rankPaths(
      group.active,
      this.plan.aggregation,
      fusionOf(this.plan.verifier),
    );
    yield* this.rejectAll(duplicates, "duplicate");
    const { kept, weak } = rejectWeak(distinct, this.plan);
    yield* this.rejectAll(weak, "weak");
    const [best] = kept;
    if (best === undefined) return;
    const { depth } = best.path;
    const counts = strategy.select(kept, {
      plan: this.plan,
      slots: best.isWeak ? 1 : group.size - group.finished,
      depth,
      rng: createRng(this.parts.seed, "select", group.subtree, depth),
    });
    for (const [i, { path }] of kept.entries()) {
      const count = counts[i] ?? 0;
      if (count === 0) yield* this.reject(path, "outscored");
      else this.expand(path, count);
    }
  }

  /** From here on the path is held by the rows that grow from it. */
  private expand(path: Path, count: number): void {
    path.group.active.delete(path);
    path.group.wanted.push({ parent: path, count });
    path.claims = count;
  }

  private *rejectAll(paths: Iterable<Path>, reason: PruneReason): Events {
    for (const path of paths) yield* this.reject(path, reason);
  }

  private *reject(path: Path, reason: PruneReason): Events {
    path.status = "rejected";
    path.group.active.delete(path);
    if (reason === "length" || reason === "depth") this.cut++;
    if (reason === "depth") this.metDepth = true;
    this.free(path);
    yield { type: "node_pruned", nodeId: path.nodeId, reason };
  }

  /** One user of a path is gone; what nobody uses any more is given back on both sides. */
  private free(path: Path | undefined): void {
    const node = release(path);
    if (node === undefined) return;
    this.parts.session.prune([node]);
    this.parts.scoring.free(node);
  }

  /** No more growing. Rows that run are cancelled; what has finished may still be scored, unless time is up. */
  private *stop(reason: "budget" | "deadline"): Events {
    if (this.stopping !== undefined && reason === "budget") return;
    this.stopping = reason;
    for (const group of this.groups) {
      for (const { parent, count } of group.wanted.splice(0))
        if (parent !== undefined && parent.claims === count) yield* this.reject(parent, reason);
      yield* this.rejectAll(group.active, reason);
    }
    this.parts.growth.cancelAll();
    if (reason === "deadline") this.parts.scoring.clear();
  }
}

function createGroup(size: number, subtree: number): Group {
  return {
    subtree,
    size,
    finished: 0,
    active: new Set(),
    wanted: [{ parent: undefined, count: size }],
    openGrows: 0,
  };
}

function hasWork(group: Group): boolean {
  return group.wanted.length > 0 || group.active.size > 0;
}

function added(path: Path): SearchEvent {
  const { step } = path;
  return {
    type: "node_added",
    nodeId: path.nodeId,
    parentId: step.parentId,
    depth: path.depth,
    subtree: path.group.subtree,
    text: step.text,
    finishReason: step.finishReason,
    tokenCount: step.tokenIds.length,
    meanLogProb: mean(step.logProbs),
    meanEntropy: mean(step.entropies),
  };
}

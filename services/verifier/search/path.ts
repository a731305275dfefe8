/**
 * The tree of partial solutions. A path is named by its last step's node. ACTIVE paths may grow; DONE ended by themselves
 * (`eos`, `stop`) and vote; REJECTED were dropped or met a limit. Pure bookkeeping.
 */
import type { NodeId, StepSample, StepScore } from "../ports.js";
import type { ScorePair } from "./fusion.js";
import type { Aggregation } from "./types.js";

export interface Path {
  readonly nodeId: NodeId;
  /** Undefined for first steps. */
  readonly parent: Path | undefined;
  readonly group: Group;
  readonly step: StepSample;
  readonly depth: number;
  /** From the first step to this one, concatenated exactly. */
  readonly text: string;
  /** Of the whole path. */
  readonly tokenCount: number;
  status: "active" | "done" | "rejected";
  /** Of this step; undefined until the verifier has spoken, and for ever where there is nothing to read (`isBareEnd`). */
  score: StepScore | undefined;
  /** Rows and paths below that still need this one, itself included; at 0 its memory can go. */
  claims: number;
}

/** A part of the search that is independent of the others: its rounds wait for nobody else's. */
export interface Group {
  /** See SearchEvent.node_added. */
  readonly subtree: number;
  /** Candidates it may finish. */
  readonly size: number;
  finished: number;
  /** Paths that have not ended and from which nothing has grown yet. */
  readonly active: Set<Path>;
  /** Rows that are to start as soon as the budget allows. */
  readonly wanted: Allocation[];
  /** Grows under way. */
  openGrows: number;
}

/** `count` children of a path, or of the problem. */
export interface Allocation {
  readonly parent: Path | undefined;
  readonly count: number;
}

export function createPath(step: StepSample, parent: Path | undefined, group: Group): Path {
  return {
    nodeId: step.nodeId,
    parent,
    group,
    step,
    depth: (parent?.depth ?? 0) + 1,
    text: (parent?.text ?? "") + step.text,
    tokenCount: (parent?.tokenCount ?? 0) + step.tokenIds.length,
    status: "active",
    score: undefined,
    claims: 1,
  };
}

/** Gives up one claim on a path. Returns the highest node that nothing needs any more, if the path was the last user. */
export function release(path: Path | undefined): NodeId | undefined {
  let freed: NodeId | undefined;
  for (let node = path; node !== undefined && node.claims > 0; node = node.parent) {
    node.claims--;
    if (node.claims > 0) break;
    freed = node.nodeId;
  }
  return freed;
}

/** First step to last. */
export function pathNodes(path: Path): Path[] {
  const nodes: Path[] = [];
  for (let node: Path | undefined = path; node !== undefined; node = node.parent) nodes.push(node);
  return nodes.toReversed();
}

/**
 * An end without words: the policy ended its text right after a delimiter. A verifier of texts does not read it, so that
 * the last score is that of the last real step.
 */
export function isBareEnd(path: Path): boolean {
  return path.status === "done" && path.step.text.trim() === "";
}

/** Scores of the steps, first to last; undefined while one that has words has none, or when there is none at all. */
export function stepScoresOf(path: Path): readonly StepScore[] | undefined {
  const nodes = pathNodes(path).filter((node) => node.score !== undefined || !isBareEnd(node));
  const scores = nodes.map((node) => node.score).filter((score) => score !== undefined);
  return nodes.length > 0 && scores.length === nodes.length ? scores : undefined;
}

/** The scores of a path's steps as one; undefined when not all are known. */
export function valueOf(
  path: Path,
  aggregation: Aggregation,
  part: keyof StepScore = "score",
): number | undefined {
  const scores = stepScoresOf(path)?.flatMap((score) => score[part] ?? []);
  return scores === undefined || scores.length === 0 ? undefined : aggregate(scores, aggregation);
}

/** What two reward models say of a path; undefined unless both scored it. */
export function scorePairOf(path: Path, aggregation: Aggregation): ScorePair | undefined {
  const [swift, prm] = [valueOf(path, aggregation, "swift"), valueOf(path, aggregation, "prm")];
  return swift === undefined || prm === undefined ? undefined : { swift, prm };
}

/** Liu et al. 2025, section 2.4: last, min, mean or product of the step scores. At least one score. */
export function aggregate(scores: readonly number[], aggregation: Aggregation): number {
  return AGGREGATE[aggregation](scores);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const AGGREGATE: Readonly<Record<Aggregation, (scores: readonly number[]) => number>> = {
  last: (scores) => scores.at(-1)!,
  min: (scores) => Math.min(...scores),
  mean: (scores) => sum(scores) / scores.length,
  prod: (scores) => scores.reduce((product, score) => product * score, 1),
};

/** Texts that differ in white space alone are one path. */
export function duplicateKey(path: Path): string {
  return path.text.replace(/\s+/g, " ").trim();
}

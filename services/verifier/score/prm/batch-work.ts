/** What the PRM's batcher works on: sessions, calls, and the steps that wait; and the errors that steps end with. */
import { ServiceError } from "#shared/errors.js";
import type { NodeId } from "../../ports.js";
import type { PathNode, PathTree } from "./path-tree.js";
import type { TokenStats } from "./token-stats.js";

export interface TokenizedStep {
  readonly nodeId: NodeId;
  /** 0 for the problem, or a step of this session that was given before (or earlier in the same call). */
  readonly parentId: NodeId;
  readonly tokenIds: readonly number[];
  /** Index of the first token of the step's result (`resultStart`). */
  readonly resultIndex: number;
}

/** One call of `score`: settles once, with all scores or with the first error. */
export interface Call {
  readonly session: Session;
  readonly scores: number[];
  readonly nodes: readonly PathNode[];
  remaining: number;
  settled: boolean;
  readonly resolve: (scores: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface Item {
  readonly call: Call;
  readonly index: number;
  readonly node: PathNode;
  readonly step: TokenizedStep;
  /** Statistics of the tokens run so far; their number is how far the step has come. */
  readonly stats: TokenStats[];
  /** [vocab] after the last token run. */
  logits: Float32Array;
  /** Row of the batch while the step is being run. */
  row: number | undefined;
}

/** One session's paths and what they cost. */
export interface Session {
  readonly tree: PathTree;
  /** Items of steps that were not scored yet, by their node. */
  readonly waiting: Map<PathNode, Item>;
  verifierTokens: number;
}

export interface Slice {
  readonly item: Item;
  readonly row: number;
  readonly tokenIds: readonly number[];
}

const RETRY_MS = 1000;

export function exhausted(message: string, numbers: Readonly<Record<string, number>>): ServiceError {
  const got = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
  return new ServiceError(
    "resource_exhausted",
    `${message}: ${got.join(", ")}; try again or ask for fewer candidates`,
    {
      reason: "PRM_BUSY",
      retryAfterMs: RETRY_MS,
    },
  );
}

export function cancelled(message: string): ServiceError {
  return new ServiceError("cancelled", message);
}

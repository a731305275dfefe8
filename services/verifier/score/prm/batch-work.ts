/** What the PRM's batcher works on: sessions, calls, and the steps that wait; and the errors that steps end with. */
import { ServiceError } from "#shared/errors.js";
import type { NodeId } from "../../ports.js";
import type { StepReading } from "./adapter.js";
import type { PathNode, PathTree } from "./path-tree.js";

export interface TextStep {
  readonly nodeId: NodeId;
  /** 0 for the problem, or a step of this session that was given before (or earlier in the same call). */
  readonly parentId: NodeId;
  readonly text: string;
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
  readonly tokenIds: readonly number[];
  /** How many of them were run. */
  done: number;
  /** Row of the batch, and what was read so far, while the step is being run. */
  row: number | undefined;
  reading: StepReading | undefined;
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

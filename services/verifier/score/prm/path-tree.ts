/**
 * The paths of one scoring session: a tree of steps with what the reader keeps of each, so that a path's next step runs
 * its own tokens only. Knows no queue and no model.
 */
import { ServiceError } from "#shared/errors.js";
import type { KvSegment } from "#shared/lm/types.js";
import type { NodeId } from "../../ports.js";
import type { PathMemory } from "./adapter.js";

/** Of the problem: nothing was said, so nothing speaks for or against the path. */
const SCORE_OF_PROBLEM = 0.5;

const NOTHING: KvSegment = { tokenCount: 0, byteLength: 0, data: new Float32Array(0) };

/** What the reader keeps of a step that was run. */
export interface ReadStep {
  /** Keys and values of the step's own tokens. */
  readonly kv: KvSegment;
  /** What the adapter needs of the path to read the next step. */
  readonly memory: PathMemory;
  readonly score: number;
}

export interface PathNode {
  readonly id: NodeId;
  /** undefined for the problem. */
  readonly parent: PathNode | undefined;
  readonly children: Set<PathNode>;
  /** Tokens of prompt and path, this step included. */
  readonly totalTokens: number;
  /** Whether anything was said on the path, this step included. */
  readonly isWorded: boolean;
  /** undefined until the step was run. */
  read: ReadStep | undefined;
}

export class PathTree {
  readonly #nodes = new Map<NodeId, PathNode>();
  readonly #root: PathNode;
  readonly #prefix: KvSegment;
  readonly #memoryBytes: number;
  #byteLength: number;

  /** `prefix` are the keys and values of the prompt; every path's memory takes `memoryBytes`. */
  constructor(prefix: KvSegment, memory: PathMemory, memoryBytes: number) {
    this.#prefix = prefix;
    this.#memoryBytes = memoryBytes;
    this.#root = {
      id: 0,
      parent: undefined,
      children: new Set(),
      totalTokens: prefix.tokenCount,
      isWorded: false,
      read: { kv: NOTHING, memory, score: SCORE_OF_PROBLEM },
    };
    this.#nodes.set(0, this.#root);
    this.#byteLength = prefix.byteLength + memoryBytes;
  }

  get prefix(): KvSegment {
    return this.#prefix;
  }

  /** Bytes of keys, values and memories that live paths keep. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** not_found when the id was never added or was pruned. */
  get(id: NodeId): PathNode {
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    throw new ServiceError("not_found", `path ${id} must be 0 or a scored, unpruned path of this session`, {
      reason: "UNKNOWN_PATH",
    });
  }

  has(node: PathNode): boolean {
    return this.#nodes.get(node.id) === node;
  }

  /** A step that will be run; invalid_argument when the id is taken. */
  add(id: NodeId, parentId: NodeId, tokenCount: number): PathNode {
    const parent = this.get(parentId);
    if (this.#nodes.has(id))
      throw new ServiceError("invalid_argument", `a step's id must be new, got ${id} twice`);
    const totalTokens = parent.totalTokens + tokenCount;
    const isWorded = parent.isWorded || tokenCount > 0;
    const node: PathNode = { id, parent, children: new Set(), totalTokens, isWorded, read: undefined };
    parent.children.add(node);
    this.#nodes.set(id, node);
    return node;
  }

  /** Keeps what was read of a step. */
  commit(node: PathNode, read: ReadStep): void {
    node.read = read;
    this.#byteLength += this.#bytesOf(read);
  }

  /** A step that says nothing is as good as the step before it. Its parent must have been run. */
  commitWordless(node: PathNode): void {
    const { memory, score } = node.parent!.read!;
    this.commit(node, { kv: NOTHING, memory, score });
  }

  /** Keys and values from the first step down to `node`, each step's own. Every step must have been run. */
  segments(node: PathNode): KvSegment[] {
    const result: KvSegment[] = [];
    for (let at = node; at.parent !== undefined; at = at.parent)
      if (at.read!.kv !== NOTHING) result.push(at.read!.kv);
    return result.toReversed();
  }

  /** A step without tokens shares its parent's memory. */
  #bytesOf({ kv }: ReadStep): number {
    return kv === NOTHING ? 0 : kv.byteLength + this.#memoryBytes;
  }

  /** Forgets nodes and all below them, and returns them; unknown ids are ignored. The problem itself stays. */
  prune(ids: readonly NodeId[]): PathNode[] {
    const removed: PathNode[] = [];
    const stack = ids.flatMap((id) => this.#nodes.get(id) ?? []).filter((node) => node !== this.#root);
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (!this.has(node)) continue;
      this.#nodes.delete(node.id);
      node.parent!.children.delete(node);
      if (node.read !== undefined) this.#byteLength -= this.#bytesOf(node.read);
      removed.push(node);
      stack.push(...node.children);
    }
    return removed;
  }
}

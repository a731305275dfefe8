/**
 * The paths of one scoring session: a tree of steps with what the reader keeps of each, so that a path's next step runs
 * its own tokens only. Knows no queue and no model.
 */
import { ServiceError } from "#shared/errors.js";
import type { KvSegment } from "#shared/lm/types.js";
import type { NodeId } from "../../ports.js";
import { EMPTY_PATH, type PathStats } from "./features.js";

/** What the reader keeps of a step that was run. */
export interface ReadStep {
  /** Keys and values of the step's own tokens. */
  readonly kv: KvSegment;
  /** [vocab] after the last token: they predict the first token of the next step. */
  readonly logits: Float32Array;
  readonly stats: PathStats;
}

export interface PathNode {
  readonly id: NodeId;
  /** undefined for the problem. */
  readonly parent: PathNode | undefined;
  readonly children: Set<PathNode>;
  /** Tokens of prompt and path, this step included. */
  readonly totalTokens: number;
  /** undefined until the step was run. */
  read: ReadStep | undefined;
}

export class PathTree {
  readonly #nodes = new Map<NodeId, PathNode>();
  readonly #root: PathNode;
  readonly #prefix: KvSegment;
  #byteLength: number;

  /** `prefix` are the keys and values of the prompt, `logits` [vocab] those after its last token. */
  constructor(prefix: KvSegment, logits: Float32Array) {
    this.#prefix = prefix;
    const kv: KvSegment = { tokenCount: 0, byteLength: 0, data: new Float32Array(0) };
    this.#root = {
      id: 0,
      parent: undefined,
      children: new Set(),
      totalTokens: prefix.tokenCount,
      read: { kv, logits, stats: EMPTY_PATH },
    };
    this.#nodes.set(0, this.#root);
    this.#byteLength = prefix.byteLength + logits.byteLength;
  }

  get prefix(): KvSegment {
    return this.#prefix;
  }

  /** Bytes of keys, values and logits that live paths keep. */
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
    const node: PathNode = { id, parent, children: new Set(), totalTokens, read: undefined };
    parent.children.add(node);
    this.#nodes.set(id, node);
    return node;
  }

  /** Keeps what was read of a step. */
  commit(node: PathNode, read: ReadStep): void {
    node.read = read;
    this.#byteLength += read.kv.byteLength + read.logits.byteLength;
  }

  /** Keys and values from the first step down to `node`, each step's own. Every step must have been run. */
  segments(node: PathNode): KvSegment[] {
    const result: KvSegment[] = [];
    for (let at = node; at.parent !== undefined; at = at.parent) result.push(at.read!.kv);
    return result.toReversed();
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
      if (node.read !== undefined) this.#byteLength -= node.read.kv.byteLength + node.read.logits.byteLength;
      removed.push(node);
      stack.push(...node.children);
    }
    return removed;
  }
}

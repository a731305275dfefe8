/**
 * The tree of one session: the prompt at the root, a node per step. A node holds the K/V of its own tokens only and
 * refers to its parent for the rest, so forking copies nothing. Pruning a node frees it and all below it.
 */
import assert from "node:assert/strict";
import { ServiceError } from "#shared/errors.js";
import type { KvSegment } from "#shared/lm/types.js";
import { type MemoryAccountant, type MemoryHoldings, noHoldings } from "./memory-accountant.js";
import type { NodeId } from "./types.js";

export interface TreeNode {
  readonly id: NodeId;
  readonly parent: TreeNode | undefined;
  readonly childIndex: number;
  /** Tokens of the path before this node's own. */
  readonly startTokens: number;
  readonly children: Set<TreeNode>;
  /** Child indices are given once, whatever becomes of the child. */
  nextChildIndex: number;
  /** `growing`: being generated. `open`: can have children. `ended`: its text is over. `pruned`: no longer in the tree. */
  state: "growing" | "open" | "ended" | "pruned";
  tokenIds: readonly number[];
  text: string;
  /** K/V of `tokenIds` (the prompt's: its prefix) and the logits after the last of them; while `open` only. */
  kv: KvSegment | undefined;
  logits: Float32Array | undefined;
}

/** What a node must keep to have children. */
export interface Growable {
  readonly kv: KvSegment;
  /** [vocabularySize], not shared with any other buffer. */
  readonly logits: Float32Array;
}

/** Bytes that keeping it costs. */
export function bytesOf(growable: Growable): number {
  return growable.kv.byteLength + growable.logits.byteLength;
}

export interface TreeOptions {
  readonly maxNodes: number;
  readonly accountant: MemoryAccountant;
}

export class StepTree {
  readonly root: TreeNode;
  readonly #options: TreeOptions;
  readonly #nodes = new Map<NodeId, TreeNode>();
  #nextId = 1;

  /** The prompt's bytes are on the books already; they are not the tree's to give back. */
  constructor(promptTokenIds: readonly number[], prompt: Growable, options: TreeOptions) {
    this.#options = options;
    this.root = newNode(0, undefined, 0);
    this.#nodes.set(0, this.root);
    open(this.root, promptTokenIds, prompt);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /**
   * A node that can have children, and the logits after its last token. Throws not_found or failed_precondition, naming
   * what is wrong with it.
   */
  growable(id: NodeId): { readonly node: TreeNode; readonly logits: Float32Array } {
    const node = this.#find(id);
    if (node === undefined)
      throw notGrowable(id, "has been pruned; grow a node that is still there", "NODE_PRUNED");
    if (node.state === "growing")
      throw notGrowable(id, "is still being generated; wait for its Step", "NODE_RUNNING");
    const { logits } = node;
    if (logits === undefined)
      throw notGrowable(
        id,
        "has ended; only the prompt and nodes that ended with STEP can grow",
        "NODE_ENDED",
      );
    return { node, logits };
  }

  /** resource_exhausted when `count` more nodes would pass the session's limit. */
  refuseNodes(count: number): ServiceError | undefined {
    const { maxNodes } = this.#options;
    if (this.size + count <= maxNodes) return undefined;
    return new ServiceError(
      "resource_exhausted",
      `a session holds at most ${maxNodes} nodes, has ${this.size} and needs ${count} more; prune nodes first`,
      { reason: "SESSION_NODES" },
    );
  }

  /** A new last child; there must be room for it. */
  addChild(parent: TreeNode): TreeNode {
    assert(this.refuseNodes(1) === undefined, "there is room for the child");
    const node = newNode(this.#nextId++, parent, parent.nextChildIndex++);
    parent.children.add(node);
    this.#nodes.set(node.id, node);
    return node;
  }

  /** The node's step is over and can go on. Books what it keeps: throws resource_exhausted when that does not fit. */
  keep(node: TreeNode, tokenIds: readonly number[], growable: Growable): void {
    const { accountant } = this.#options;
    if (!accountant.canTake(bytesOf(growable))) throw accountant.exhausted(bytesOf(growable));
    accountant.take("suffix", growable.kv.byteLength);
    accountant.take("logits", growable.logits.byteLength);
    open(node, tokenIds, growable);
  }

  /** The node's text is over: nothing is kept but its place. */
  end(node: TreeNode): void {
    node.state = "ended";
  }

  /**
   * Takes nodes and all below them out of the tree, parents first, and gives back what they held; the prompt (0) stands
   * for all below it. Nodes that are gone already are skipped. Throws not_found, changing nothing, for an id never issued.
   */
  prune(ids: readonly NodeId[]): TreeNode[] {
    const tops = ids.flatMap((id) => {
      const node = this.#find(id);
      return node === this.root ? [...node.children] : node;
    });
    return tops.flatMap((top) => (top === undefined || top.state === "pruned" ? [] : this.#remove(top)));
  }

  /** Gives back everything. The tree is of no use afterwards. */
  clear(): void {
    if (this.root.state !== "pruned") this.#remove(this.root);
  }

  /** For tests: what the nodes below the prompt hold. Throws an AssertionError when the tree is not one. */
  checkIntegrity(): MemoryHoldings {
    const held = noHoldings();
    for (const [id, node] of this.#nodes) {
      assert.equal(node.id, id);
      assert.notEqual(node.state, "pruned", `node ${id} is pruned but still in the tree`);
      assert.equal(node.kv !== undefined, node.state === "open", `node ${id} is ${node.state}`);
      if (node.parent !== undefined) {
        assert(this.#nodes.get(node.parent.id) === node.parent, `node ${id} has lost its parent`);
        assert(node.parent.children.has(node), `node ${id} is unknown to its parent`);
        assert(node.childIndex < node.parent.nextChildIndex);
      }
      if (node !== this.root) {
        held.suffix += node.kv?.byteLength ?? 0;
        held.logits += node.logits?.byteLength ?? 0;
      }
      if (node.kv !== undefined) assert.equal(node.kv.tokenCount, node.tokenIds.length, `K/V of node ${id}`);
    }
    return held;
  }

  #find(id: NodeId): TreeNode | undefined {
    const node = this.#nodes.get(id);
    if (node !== undefined || (Number.isSafeInteger(id) && id > 0 && id < this.#nextId)) return node;
    throw new ServiceError("not_found", `node_id must name a node of this session, got ${id}`, {
      reason: "NODE_UNKNOWN",
    });
  }

  #remove(node: TreeNode): TreeNode[] {
    const below = [...node.children].flatMap((child) => this.#remove(child));
    node.parent?.children.delete(node);
    this.#nodes.delete(node.id);
    const { accountant } = this.#options;
    if (node !== this.root) {
      accountant.giveBack("suffix", node.kv?.byteLength ?? 0);
      accountant.giveBack("logits", node.logits?.byteLength ?? 0);
    }
    Object.assign(node, { kv: undefined, logits: undefined, state: "pruned" });
    return [node, ...below];
  }
}

/** The nodes from below the prompt to `node`, in order. */
export function pathTo(node: TreeNode): TreeNode[] {
  const path: TreeNode[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) path.push(at);
  return path.toReversed();
}

/** Where a node is: the child indices from the prompt down. Its randomness is named by them. */
export function placeOf(node: TreeNode): number[] {
  return pathTo(node).map((at) => at.childIndex);
}

function newNode(id: NodeId, parent: TreeNode | undefined, childIndex: number): TreeNode {
  const startTokens = parent === undefined ? 0 : parent.startTokens + parent.tokenIds.length;
  return {
    id,
    parent,
    childIndex,
    startTokens,
    children: new Set(),
    nextChildIndex: 0,
    state: "growing",
    tokenIds: [],
    text: "",
    kv: undefined,
    logits: undefined,
  };
}

function open(node: TreeNode, tokenIds: readonly number[], { kv, logits }: Growable): void {
  Object.assign(node, { tokenIds, kv, logits, state: "open" });
}

function notGrowable(id: NodeId, problem: string, reason: string): ServiceError {
  return new ServiceError("failed_precondition", `node ${id} ${problem}`, { reason });
}

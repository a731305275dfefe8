/** A search as its events tell it: the tree, what was scored and pruned, the best so far. No drawing here. */
import type { BestSoFarEvent, NodeAddedEvent, PlanShape, SolvedEvent, SolveEvent } from "../events.js";
import { toPlainLine } from "../terminal/text.js";

export interface TreeNode {
  readonly id: number;
  readonly parentId: number;
  readonly depth: number;
  readonly subtree: number;
  /** On one line, safe to show. */
  readonly text: string;
  readonly finishReason: string;
  readonly tokenCount: number;
  readonly children: TreeNode[];
  /** Undefined until it is scored, and for good when nothing is scored. */
  score: number | undefined;
  /** Why it was pruned; undefined while it is kept. */
  pruned: string | undefined;
  /** The answer of a finished candidate, known at the end. */
  answer: string | undefined;
}

export interface SearchState {
  readonly root: TreeNode;
  /** The root excluded. */
  readonly nodes: ReadonlyMap<number, TreeNode>;
  readonly plan: PlanShape | undefined;
  readonly best: BestSoFarEvent | undefined;
  readonly solved: SolvedEvent | undefined;
  /** Tokens of the steps seen so far. */
  readonly tokens: number;
  readonly numPruned: number;
  apply(event: SolveEvent): void;
}

/** `eos` and `stop` finish a candidate. */
export function isFinished(node: { readonly finishReason: string }): boolean {
  return node.finishReason === "eos" || node.finishReason === "stop";
}

export function createSearchState(): SearchState {
  return new EventFold();
}

class EventFold implements SearchState {
  readonly root = toNode({
    event: "node_added",
    node_id: 0,
    parent_id: -1,
    depth: 0,
    subtree: 0,
    text: "",
    finish_reason: "step",
    token_count: 0,
    mean_log_prob: 0,
    mean_entropy: 0,
  });
  readonly nodes = new Map<number, TreeNode>();
  plan: PlanShape | undefined;
  best: BestSoFarEvent | undefined;
  solved: SolvedEvent | undefined;
  tokens = 0;
  numPruned = 0;

  apply(event: SolveEvent): void {
    switch (event.event) {
      case "plan_chosen":
        this.plan = event.plan;
        return;
      case "node_added":
        return this.#add(event);
      case "node_scored": {
        const node = this.nodes.get(event.node_id);
        if (node !== undefined) node.score = event.score;
        return;
      }
      case "node_pruned":
        return this.#prune(event.node_id, event.reason);
      case "best_so_far":
        this.best = event;
        return;
      case "solved":
        return this.#finish(event);
    }
  }

  #add(event: NodeAddedEvent): void {
    const node = toNode(event);
    this.nodes.set(node.id, node);
    (this.nodes.get(node.parentId) ?? this.root).children.push(node);
    this.tokens += node.tokenCount;
  }

  #prune(nodeId: number, reason: string): void {
    const node = this.nodes.get(nodeId);
    if (node === undefined || node.pruned !== undefined) return;
    node.pruned = reason;
    this.numPruned++;
  }

  #finish(event: SolvedEvent): void {
    this.solved = event;
    this.plan = event.plan;
    for (const { node_id, answer } of event.candidates) {
      const node = this.nodes.get(node_id);
      if (node !== undefined) node.answer = answer;
    }
  }
}

function toNode(event: NodeAddedEvent): TreeNode {
  return {
    id: event.node_id,
    parentId: event.parent_id,
    depth: event.depth,
    subtree: event.subtree,
    text: toPlainLine(event.text),
    finishReason: event.finish_reason,
    tokenCount: event.token_count,
    children: [],
    score: undefined,
    pruned: undefined,
    answer: undefined,
  };
}

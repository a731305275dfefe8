/**
 * The tree as it is drawn: equal steps of one parent are one node with a count, as samples often agree; and when there
 * are more nodes than lines, the best paths that are still alive.
 */
import { isFinished, type SearchState, type TreeNode } from "./search-state.js";

export interface DisplayNode {
  readonly text: string;
  /** How many steps of the search this one stands for; 0 for a heading. */
  readonly count: number;
  /** Of the best of them; undefined when none is scored. */
  readonly score: number | undefined;
  /** Why all of them were dropped; undefined when one is kept. */
  readonly dropped: string | undefined;
  readonly finishReason: string;
  readonly answer: string | undefined;
  readonly children: readonly DisplayNode[];
}

/** The root is not drawn. With DVTS each subtree, which competes with no other, has a heading. */
export function displayTree(state: SearchState): DisplayNode {
  const { root } = state;
  const children =
    state.plan?.strategy === "dvts"
      ? [...groupBy(root.children, ({ subtree }) => subtree)]
          .sort(([a], [b]) => a - b)
          .map(([subtree, members]) => heading(`subtree ${subtree + 1}`, merge(members)))
      : merge(root.children);
  return heading("", children);
}

function heading(text: string, children: readonly DisplayNode[]): DisplayNode {
  const nothing = { score: undefined, dropped: undefined, answer: undefined };
  return { text, count: 0, finishReason: "step", children, ...nothing };
}

function merge(siblings: readonly TreeNode[]): DisplayNode[] {
  return [...groupBy(siblings, ({ text }) => text)].map(([text, members]) => {
    const kept = members.find((node) => dropReason(node) === undefined);
    const shown = kept ?? members.find((node) => dropReason(node) !== "duplicate") ?? members[0]!;
    const scores = members.flatMap(({ score }) => score ?? []);
    return {
      text,
      count: members.length,
      score: scores.length === 0 ? undefined : Math.max(...scores),
      dropped: dropReason(shown),
      finishReason: shown.finishReason,
      answer: members.find(({ answer }) => answer !== undefined)?.answer,
      children: merge(members.flatMap(({ children }) => children)),
    };
  });
}

function dropReason({ pruned, finishReason }: TreeNode): string | undefined {
  return pruned ?? (finishReason === "cancelled" ? "cancelled" : undefined);
}

function groupBy<K>(nodes: readonly TreeNode[], keyOf: (node: TreeNode) => K): Map<K, TreeNode[]> {
  const groups = new Map<K, TreeNode[]>();
  for (const node of nodes) {
    const group = groups.get(keyOf(node));
    if (group === undefined) groups.set(keyOf(node), [node]);
    else group.push(node);
  }
  return groups;
}

/** Whole paths from the root, best leaf first, as long as they fit `maxLines`. */
export function chooseVisible(
  root: DisplayNode,
  winner: string | undefined,
  maxLines: number,
): ReadonlySet<DisplayNode> {
  const parents = new Map<DisplayNode, DisplayNode>();
  const leaves: DisplayNode[] = [];
  const collect = (node: DisplayNode) => {
    if (node.children.length === 0 && node !== root) leaves.push(node);
    for (const child of node.children) {
      parents.set(child, node);
      collect(child);
    }
  };
  collect(root);
  const visible = new Set<DisplayNode>();
  for (const leaf of leaves.sort((a, b) => byInterest(a, b, winner))) {
    const path: DisplayNode[] = [];
    for (let node = leaf; node !== root && !visible.has(node); node = parents.get(node)!) path.push(node);
    if (visible.size + path.length <= maxLines) for (const node of path) visible.add(node);
    // A path longer than the screen still shows how it began.
    else if (visible.size === 0) for (const node of path.slice(-maxLines)) visible.add(node);
  }
  return visible;
}

function byInterest(a: DisplayNode, b: DisplayNode, winner: string | undefined): number {
  return rank(a, winner) - rank(b, winner) || (b.score ?? 0) - (a.score ?? 0) || b.count - a.count;
}

/** Those that gave the answer, other finished ones, those that still run, those that were dropped. */
function rank(node: DisplayNode, winner: string | undefined): number {
  if (node.dropped !== undefined) return 3;
  if (!isFinished(node)) return 2;
  return winner !== undefined && node.answer === winner ? 0 : 1;
}

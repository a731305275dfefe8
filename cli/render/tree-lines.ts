/**
 * The tree of steps as lines of text. A fork indents, a chain of single steps does not, so forty steps fit eighty
 * columns. When there are more nodes than lines, the best-scored paths that are still alive are shown.
 */
import type { Style } from "../terminal/style.js";
import { displayWidth, toPlainLine, truncate } from "../terminal/text.js";
import { plural, score as scoreText } from "./format.js";
import { isFinished, type SearchState, type TreeNode } from "./search-state.js";

export interface TreeLook {
  readonly width: number;
  readonly maxLines: number;
  readonly style: Style;
}

const INDENT = "  ";

export function treeLines(state: SearchState, look: TreeLook): string[] {
  const root = state.plan?.strategy === "dvts" ? groupSubtrees(state.root) : state.root;
  const winner = state.solved?.answer;
  const visible = chooseVisible(root, winner, look.maxLines);
  const numHidden = state.nodes.size - [...visible].filter((node) => node.id > 0).length;
  const scored = state.plan?.verifier !== "none";
  const lines: string[] = [];
  const walk = (node: TreeNode, guide: string) => {
    const children = node.children.filter((child) => visible.has(child));
    children.forEach((child, i) => {
      const isLast = i === children.length - 1;
      const fork = children.length > 1 || node.id < 0;
      lines.push(
        nodeLine(child, fork ? `${guide}${isLast ? "└─" : "├─"} ` : guide, { scored, winner }, look),
      );
      walk(child, fork ? `${guide}${isLast ? "  " : "│ "} ` : guide);
    });
  };
  walk(root, INDENT);
  if (numHidden > 0) lines.push(look.style(`${INDENT}… ${plural(numHidden, "step")} not shown`, "dim"));
  return lines;
}

/** DVTS searches subtrees that do not compete, so each gets a line of its own, with a negative id. */
function groupSubtrees(root: TreeNode): TreeNode {
  const groups = new Map<number, TreeNode[]>();
  for (const child of root.children) groups.set(child.subtree, [...(groups.get(child.subtree) ?? []), child]);
  const children = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([subtree, members]) => ({
      ...root,
      id: -1 - subtree,
      text: `subtree ${subtree + 1}`,
      children: members,
    }));
  return { ...root, children };
}

/** Whole paths from the root, best leaf first, as long as they fit. */
function chooseVisible(root: TreeNode, winner: string | undefined, maxLines: number): Set<TreeNode> {
  const parents = new Map<TreeNode, TreeNode>();
  const leaves: TreeNode[] = [];
  const collect = (node: TreeNode) => {
    if (node.children.length === 0) leaves.push(node);
    for (const child of node.children) {
      parents.set(child, node);
      collect(child);
    }
  };
  collect(root);
  const visible = new Set<TreeNode>();
  for (const leaf of leaves.sort((a, b) => byInterest(a, b, winner))) {
    const path: TreeNode[] = [];
    for (let node = leaf; node !== root && !visible.has(node); node = parents.get(node)!) path.push(node);
    if (visible.size + path.length <= maxLines) for (const node of path) visible.add(node);
    // A path longer than the screen still shows how it began.
    else if (visible.size === 0) for (const node of path.slice(-maxLines)) visible.add(node);
  }
  return visible;
}

function byInterest(a: TreeNode, b: TreeNode, winner: string | undefined): number {
  return rank(a, winner) - rank(b, winner) || (b.score ?? 0) - (a.score ?? 0) || a.id - b.id;
}

/** Those that gave the answer, other finished ones, those that still run, those that were dropped. */
function rank(node: TreeNode, winner: string | undefined): number {
  if (isDropped(node)) return 3;
  if (!isFinished(node)) return 2;
  return winner !== undefined && node.answer === winner ? 0 : 1;
}

function isDropped(node: TreeNode): boolean {
  return node.pruned !== undefined || node.finishReason === "cancelled";
}

interface LineContext {
  readonly scored: boolean;
  readonly winner: string | undefined;
}

/** Columns that a step's text keeps however deep it is; the guides before it are cut on the left. */
const MIN_TEXT_COLUMNS = 28;

function nodeLine(node: TreeNode, branch: string, { scored, winner }: LineContext, look: TreeLook): string {
  const { width, style } = look;
  const guide = fitGuide(branch, width - MIN_TEXT_COLUMNS);
  if (node.id < 0) return style(guide + node.text, "dim");
  const tag = tagOf(node);
  const number = !scored ? "" : node.score === undefined ? " ·  " : `${scoreText(node.score)} `;
  const room = width - displayWidth(guide) - number.length - (tag === "" ? 0 : displayWidth(tag) + 2);
  const text = truncate(toPlainLine(node.text), room);
  const end = tag === "" ? "" : `${" ".repeat(room - displayWidth(text) + 2)}${tag}`;
  if (isDropped(node)) return style(guide + number + text + end, "dim");
  const wins = winner !== undefined && node.answer === winner;
  return (
    style(guide, "dim") +
    colourScore(number, node.score, style) +
    text +
    (wins ? style(end, "bold", "cyan") : style(end, "cyan"))
  );
}

function fitGuide(guide: string, columns: number): string {
  return guide.length <= columns ? guide : `…${guide.slice(guide.length - columns + 1)}`;
}

/** What stands at the right edge: the answer, or why the path ended. */
function tagOf(node: TreeNode): string {
  if (node.pruned !== undefined)
    return node.pruned === "outscored" ? "×" : `× ${truncate(toPlainLine(node.pruned), 12)}`;
  if (node.finishReason === "cancelled") return "× cancelled";
  if (node.answer !== undefined) return `→ ${truncate(toPlainLine(node.answer), 12)}`;
  if (node.finishReason === "length") return "cut off";
  return isFinished(node) ? "■" : "";
}

function colourScore(text: string, value: number | undefined, style: Style): string {
  if (value === undefined) return style(text, "dim");
  return style(text, value >= 0.8 ? "green" : value >= 0.4 ? "yellow" : "red");
}

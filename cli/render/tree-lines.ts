/** The tree of steps as lines of text. A fork indents, a chain of single steps does not, so forty steps fit eighty columns. */
import type { Style } from "../terminal/style.js";
import { displayWidth, toPlainLine, truncate } from "../terminal/text.js";
import { chooseVisible, type DisplayNode, displayTree } from "./display-tree.js";
import { plural, score as scoreText } from "./format.js";
import { isFinished, type SearchState } from "./search-state.js";

export interface TreeLook {
  readonly width: number;
  readonly maxLines: number;
  readonly style: Style;
}

interface LineContext extends TreeLook {
  readonly scored: boolean;
  readonly winner: string | undefined;
}

const INDENT = "  ";

export function treeLines(state: SearchState, look: TreeLook): string[] {
  const root = displayTree(state);
  const context = { ...look, scored: state.plan?.verifier !== "none", winner: state.solved?.answer };
  const visible = chooseVisible(root, context.winner, look.maxLines);
  const lines: string[] = [];
  let numShown = 0;
  const walk = (node: DisplayNode, guide: string) => {
    const children = node.children.filter((child) => visible.has(child));
    const forks = children.length > 1 || children.some(({ count }) => count === 0);
    for (const [i, child] of children.entries()) {
      const isLast = i === children.length - 1;
      lines.push(nodeLine(child, forks ? `${guide}${isLast ? "└─" : "├─"} ` : guide, context));
      numShown += child.count;
      walk(child, forks ? `${guide}${isLast ? "  " : "│ "} ` : guide);
    }
  };
  walk(root, INDENT);
  const numHidden = state.nodes.size - numShown;
  if (numHidden > 0) lines.push(look.style(`${INDENT}… ${plural(numHidden, "step")} not shown`, "dim"));
  return lines;
}

/** Columns that a step's text keeps however deep it is; the guides before it are cut on the left. */
const MIN_TEXT_COLUMNS = 32;

function nodeLine(node: DisplayNode, branch: string, context: LineContext): string {
  const { width, style, scored, winner } = context;
  const guide = fitGuide(branch, width - MIN_TEXT_COLUMNS);
  if (node.count === 0) return style(guide + node.text, "dim");
  const number = !scored ? "" : node.score === undefined ? " ·  " : `${scoreText(node.score)} `;
  const tag = tagOf(node);
  const times = node.count === 1 ? "" : ` ×${node.count}`;
  const room =
    width - displayWidth(guide) - number.length - times.length - (tag === "" ? 0 : displayWidth(tag) + 2);
  const text = truncate(node.text, room);
  const end = tag === "" ? "" : " ".repeat(room - displayWidth(text) + 2) + tag;
  if (node.dropped !== undefined) return style(guide + number + text + times + end, "dim");
  const wins = winner !== undefined && node.answer === winner;
  return (
    style(guide, "dim") +
    colourScore(number, node.score, style) +
    text +
    style(times, "dim") +
    (wins ? style(end, "bold", "cyan") : style(end, "cyan"))
  );
}

function fitGuide(guide: string, columns: number): string {
  return guide.length <= columns ? guide : `…${guide.slice(guide.length - columns + 1)}`;
}

/** What stands at the right edge: the answer, or why the path ended. */
function tagOf({ dropped, answer, finishReason }: DisplayNode): string {
  if (dropped !== undefined) return dropped === "outscored" ? "✗" : `✗ ${truncate(toPlainLine(dropped), 12)}`;
  if (answer !== undefined) return `→ ${truncate(toPlainLine(answer), 12)}`;
  if (finishReason === "length") return "cut off";
  return isFinished({ finishReason }) ? "■" : "";
}

function colourScore(text: string, value: number | undefined, style: Style): string {
  if (value === undefined) return style(text, "dim");
  return style(text, value >= 0.8 ? "green" : value >= 0.4 ? "yellow" : "red");
}

/** A search as a log: one line per thing that happened, for files, pipes and terminals that cannot redraw. */
import type { PlanShape, SolveEvent } from "../events.js";
import { toPlainLine, truncate } from "../terminal/text.js";
import { percent, score as scoreText } from "./format.js";
import { planLines } from "./plan-lines.js";
import { createSearchState, type TreeNode } from "./search-state.js";

export interface PlainLog {
  append(event: SolveEvent): void;
}

export function createPlainLog(
  write: (line: string) => void,
  elapsedMs: () => number,
  width: number,
): PlainLog {
  const state = createSearchState();
  // A step is written once, with its score; those still without one are written at the end.
  const waiting = new Set<TreeNode>();
  const line = (kind: string, text: string) => {
    const seconds = (elapsedMs() / 1000).toFixed(1).padStart(6);
    write(truncate(`${seconds}s ${kind.padEnd(6)} ${text}`, width));
  };
  const step = (node: TreeNode) => {
    const from = node.parentId === 0 ? "" : ` < ${node.parentId}`;
    line("step", `${`${node.id}${from}`.padEnd(10)} ${scoreColumn(node, state.plan)}${node.text}`);
    waiting.delete(node);
  };
  const writers: { [K in SolveEvent["event"]]: (event: Extract<SolveEvent, { event: K }>) => void } = {
    plan_chosen: ({ plan }) => {
      for (const text of planLines(plan, width, (plain) => plain)) write(text);
    },
    node_added: ({ node_id }) => {
      const node = state.nodes.get(node_id)!;
      if (state.plan?.verifier === "none") step(node);
      else waiting.add(node);
    },
    node_scored: ({ node_id }) => {
      const node = state.nodes.get(node_id);
      if (node !== undefined && waiting.has(node)) step(node);
    },
    node_pruned: ({ node_id, reason }) => {
      const node = state.nodes.get(node_id);
      if (node !== undefined && waiting.has(node)) step(node);
      line("prune", `${node_id} ${reason}`);
    },
    best_so_far: (best) => {
      if (best.answer === "") return;
      const answer = truncate(toPlainLine(best.answer), 40);
      line("best", `${answer}, confidence ${percent(best.confidence)}, ${best.finished_candidates} finished`);
    },
    solved: ({ stop_reason }) => {
      for (const node of waiting) step(node);
      line("end", stop_reason);
    },
  };
  return {
    append(event) {
      state.apply(event);
      (writers[event.event] as (event: SolveEvent) => void)(event);
    },
  };
}

function scoreColumn({ score }: TreeNode, plan: PlanShape | undefined): string {
  if (plan?.verifier === "none") return "";
  return `${score === undefined ? "  -" : scoreText(score).padStart(3)}  `;
}

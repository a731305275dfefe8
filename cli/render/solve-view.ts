/**
 * Shows a search while it runs, on stderr: redrawn in place on a terminal, appended line by line elsewhere. The result
 * itself is printed by the command.
 */
import type { SolveEvent } from "../events.js";
import { createLiveRegion } from "../terminal/live-region.js";
import type { Terminal } from "../terminal/terminal.js";
import { toPlainLine, truncate, wrap } from "../terminal/text.js";
import { createPlainLog } from "./plain-log.js";
import { planLines } from "./plan-lines.js";
import { createSearchState, type SearchState } from "./search-state.js";
import { statusLine } from "./status-line.js";
import { treeLines } from "./tree-lines.js";

export interface SolveView {
  show(event: SolveEvent): void;
  /** Leaves the last picture on the screen. Idempotent; must be called, since a live view hides the cursor. */
  close(): void;
}

const FRAME_MS = 80;

/** `clock` tells milliseconds. */
export function createSolveView(problem: string, terminal: Terminal, clock: () => number): SolveView {
  for (const line of problemLines(problem, terminal)) terminal.note(line);
  return terminal.live ? liveView(terminal, clock) : plainView(terminal, clock);
}

const MAX_PROBLEM_LINES = 6;

function problemLines(problem: string, terminal: Terminal): string[] {
  const width = terminal.width();
  const lines = wrap(toPlainLine(problem), width);
  const shown = lines.slice(0, MAX_PROBLEM_LINES);
  if (lines.length > shown.length) shown.push("…");
  return ["", ...shown.map((line) => terminal.noteStyle(line, "bold")), ""];
}

function liveView(terminal: Terminal, clock: () => number): SolveView {
  const state = createSearchState();
  const region = createLiveRegion(terminal.progress);
  const startedAt = clock();
  let closed = false;
  const draw = () => region.draw(frame(state, terminal, clock() - startedAt, closed));
  const timer = setInterval(draw, FRAME_MS);
  draw();
  return {
    show: (event) => state.apply(event),
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      draw();
      region.close();
    },
  };
}

/** Everything below the problem. `ended` leaves out the moving parts. */
export function frame(state: SearchState, terminal: Terminal, elapsedMs: number, ended: boolean): string[] {
  const width = terminal.width();
  const style = terminal.noteStyle;
  const plan = state.plan === undefined ? [] : [...planLines(state.plan, width, style), ""];
  // The cursor's line, the status line, and what is above the tree need room; a frame taller than the screen cannot be redrawn.
  const maxLines = Math.max(4, Math.min(MAX_TREE_LINES, terminal.height() - plan.length - 5));
  const tree = treeLines(state, { width, maxLines, style });
  const status = ended ? "" : statusLine(state, elapsedMs, style);
  return [...plan, ...tree, ...(tree.length > 0 && !ended ? [""] : []), truncateStyled(status, width)];
}

/** A tree taller than this is not read while it moves. */
const MAX_TREE_LINES = 20;

/** Status lines are short; one that would wrap loses its colours rather than breaking the redraw. */
function truncateStyled(line: string, width: number): string {
  // oxlint-disable-next-line no-control-regex -- terminal colours are control characters
  const plain = line.replaceAll(/\u001B\[[0-9;]*m/g, "");
  return plain.length <= width ? line : truncate(plain, width);
}

function plainView(terminal: Terminal, clock: () => number): SolveView {
  const startedAt = clock();
  const log = createPlainLog(
    (line) => terminal.note(line),
    () => clock() - startedAt,
    terminal.width(),
  );
  return {
    show: (event) => log.append(event),
    close: () => terminal.note(""),
  };
}

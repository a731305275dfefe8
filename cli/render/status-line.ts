/** The moving line under a search: how much was done, what leads, how long it has been. */
import type { Style } from "../terminal/style.js";
import { toPlainLine, truncate } from "../terminal/text.js";
import { compactNumber, duration, percent, plural } from "./format.js";
import type { SearchState } from "./search-state.js";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const SPINNER_FRAME_MS = 80;

/** The spinner's picture at a time in milliseconds. */
export function spinnerFrame(elapsedMs: number): string {
  return SPINNER[Math.floor(elapsedMs / SPINNER_FRAME_MS) % SPINNER.length]!;
}

export function statusLine(state: SearchState, elapsedMs: number, style: Style): string {
  const parts = [
    state.nodes.size === 0 ? "reading the problem" : plural(state.nodes.size, "step"),
    ...(state.numPruned > 0 ? [`${compactNumber(state.numPruned)} pruned`] : []),
    ...(state.tokens > 0 ? [plural(state.tokens, "token")] : []),
    duration(elapsedMs),
  ];
  const best = state.best;
  const leader =
    best === undefined || best.answer === ""
      ? ""
      : `  leading: ${style(truncate(toPlainLine(best.answer), 20), "bold")} ${percent(best.confidence)}`;
  return `${style(spinnerFrame(elapsedMs), "cyan")} ${style(parts.join(" · "), "dim")}${leader}`;
}

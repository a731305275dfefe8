/** Tells on stderr what is being waited for: a spinner with the time on a terminal, a line when it began elsewhere. */
import { duration } from "../render/format.js";
import { spinnerFrame } from "../render/status-line.js";
import { createLiveRegion } from "./live-region.js";
import type { Terminal } from "./terminal.js";

export interface Progress {
  /** Runs `work` and shows that it runs. */
  during<T>(what: string, work: () => Promise<T>): Promise<T>;
}

const FRAME_MS = 100;
/** What is over sooner needs no progress. */
const QUIET_MS = 300;

/** `clock` tells milliseconds. */
export function createProgress(terminal: Terminal, clock: () => number): Progress {
  return { during: (what, work) => (terminal.live ? spin : say)(terminal, clock, what, work) };
}

async function say<T>(
  terminal: Terminal,
  _clock: () => number,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => terminal.note(`${what} ...`), QUIET_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

async function spin<T>(
  terminal: Terminal,
  clock: () => number,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = clock();
  const region = createLiveRegion(terminal.progress);
  const style = terminal.noteStyle;
  const timer = setInterval(() => {
    const elapsed = clock() - startedAt;
    if (elapsed < QUIET_MS) return;
    region.draw([`${style(spinnerFrame(elapsed), "cyan")} ${what} ${style(duration(elapsed), "dim")}`]);
  }, FRAME_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    region.clear();
    region.close();
  }
}

/** How far long work is and when it will end: one line drawn again on a terminal, a line now and then elsewhere. */
import { duration } from "../render/format.js";
import { createLiveRegion } from "./live-region.js";
import type { Terminal } from "./terminal.js";

export interface Count {
  /** What is counted, such as "rollouts". */
  readonly what: string;
  readonly done: number;
  readonly total: number;
  /** Shown behind the count. */
  readonly detail?: string;
}

export interface Counter {
  report(count: Count): void;
  /** Removes what was drawn. Idempotent. */
  close(): void;
}

const LIVE_MS = 100;
const PLAIN_MS = 10_000;

/** `clock` tells milliseconds. The end of each count is always told. */
export function createCounter(terminal: Terminal, clock: () => number): Counter {
  const region = createLiveRegion(terminal.progress);
  let current = "";
  let startedAt = 0;
  let startedWith = 0;
  let last = -Infinity;
  return {
    report({ what, done, total, detail = "" }) {
      const now = clock();
      if (what !== current) {
        // What an earlier run had done says nothing about the speed of this one.
        [current, startedAt, startedWith] = [what, now, done];
        last = -Infinity;
      }
      const ended = done >= total;
      if (!ended && now - last < (terminal.live ? LIVE_MS : PLAIN_MS)) return;
      last = now;
      const left = ((total - done) * (now - startedAt)) / (done - startedWith);
      const rest = ended ? duration(now - startedAt) : Number.isFinite(left) ? `${duration(left)} left` : "";
      const line = [`${what} ${done}/${total}`, detail, rest].filter((part) => part !== "").join("  ");
      if (!terminal.live) return terminal.note(line);
      if (!ended) return region.draw([line]);
      region.clear();
      terminal.note(line);
    },
    close() {
      region.clear();
      region.close();
    },
  };
}

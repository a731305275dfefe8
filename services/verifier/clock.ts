import { setTimeout as after } from "node:timers/promises";
import type { Clock } from "./ports.js";

/** setTimeout fires at once beyond this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const processClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    for (let left = ms; left > 0 && !signal.aborted; left -= MAX_TIMER_MS)
      await after(Math.min(left, MAX_TIMER_MS), undefined, { signal }).catch(() => undefined);
  },
};

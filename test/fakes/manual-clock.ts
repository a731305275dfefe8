import type { Clock } from "#verifier/ports.js";

export interface ManualClock extends Clock {
  /** Lets time pass; sleepers that are due wake. */
  advance(ms: number): void;
}

/** Time that passes only when told to. */
export function manualClock(): ManualClock {
  let nowMs = 0;
  const sleepers = new Set<{ readonly dueMs: number; wake(): void }>();
  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          dueMs: nowMs + ms,
          wake: () => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener("abort", sleeper.wake, { once: true });
        if (signal.aborted || ms <= 0) sleeper.wake();
      }),
    advance: (ms) => {
      nowMs += ms;
      for (const sleeper of sleepers) if (sleeper.dueMs <= nowMs) sleeper.wake();
    },
  };
}

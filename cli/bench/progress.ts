/** How far a bench is, on the terminal or as events. */
import type { CommandContext } from "../context.js";
import { createCounter } from "../terminal/counter.js";
import { createOutlook, type Outlook } from "./outlook.js";

export interface BenchProgress {
  /** Solves, those of an earlier run included. */
  readonly done: number;
  /** What will be solved with, in this order; before the first solve. */
  plan(strategies: readonly string[], solvesPerArm: number): void;
  solved(arm: string, isNew: boolean): void;
  /** All has been measured. */
  end(): void;
  /** Removes what was drawn. Idempotent. */
  close(): void;
}

export function createBenchProgress(isJson: boolean, { terminal, clock }: CommandContext): BenchProgress {
  const counter = createCounter(terminal, clock);
  let outlook: Outlook | undefined;
  const report = (detail: string, total: number): void => {
    const done = outlook!.done;
    if (isJson) terminal.event({ event: "step", stage: detail, step: done, total_steps: total });
    else counter.report({ what: "solves", done, total, detail });
  };
  return {
    get done() {
      return outlook?.done ?? 0;
    },
    plan(strategies, solvesPerArm) {
      outlook = createOutlook(strategies, solvesPerArm);
    },
    solved(arm, isNew) {
      outlook!.solved(arm);
      // What an earlier run had done is there at once, and would pass for speed.
      if (isNew) report(arm, outlook!.total);
    },
    end: () => report("", outlook!.done),
    close: () => counter.close(),
  };
}

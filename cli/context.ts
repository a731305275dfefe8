/** What every command is given: where to write, what to read, what stops it. */
import type { Readable } from "node:stream";
import type { Command } from "commander";
import type { Progress } from "./terminal/progress.js";
import type { Terminal } from "./terminal/terminal.js";

export interface CommandContext {
  readonly terminal: Terminal;
  readonly progress: Progress;
  readonly stdin: Readable;
  /** Aborts with an InterruptedError on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** The status to exit with when the command returns; EXIT_DONE unless set. */
  setExitStatus(status: number): void;
}

/** Adds one command to the program. */
export type AddCommand = (program: Command, context: CommandContext) => void;

/** The process: streams, signals and the exit status. Everything else is in program.ts and commands/. */
import { performance } from "node:perf_hooks";
import { CommanderError } from "commander";
import { describeError, EXIT_BAD_INPUT, EXIT_DONE, exitStatusOf, InterruptedError } from "./exit.js";
import { createProgram } from "./program.js";
import { createProgress } from "./terminal/progress.js";
import { createTerminal } from "./terminal/terminal.js";

const terminal = createTerminal(process.stdout, process.stderr, process.env);
const clock = () => performance.now();
const stop = new AbortController();

// A second signal means "now": the children are killed by the exit handler of services/child.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(new InterruptedError(name).exitStatus);
    stop.abort(new InterruptedError(name));
  });

// `deliberate ... | head` closes the pipe early, which is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_DONE);
  throw error;
});

let exitStatus = EXIT_DONE;
const program = createProgram({
  terminal,
  progress: createProgress(terminal, clock),
  stdin: process.stdin,
  signal: stop.signal,
  clock,
  setExitStatus: (status) => (exitStatus = status),
});

try {
  await program.parseAsync();
} catch (thrown) {
  const error = stop.signal.aborted ? stop.signal.reason : thrown;
  if (error instanceof CommanderError) exitStatus = error.exitCode === 0 ? EXIT_DONE : EXIT_BAD_INPUT;
  else {
    terminal.note(`deliberate: ${describeError(error)}`);
    exitStatus = exitStatusOf(error);
  }
}
// Not process.exit: what is still in the pipe of stdout would be lost.
process.exitCode = exitStatus;
// An unread stdin or an idle channel must not keep the process.
process.stdin.destroy();

/** The process: streams, signals and the exit status. Everything else is in run.ts, program.ts and commands/. */
import { performance } from "node:perf_hooks";
import { EXIT_DONE, InterruptedError } from "./exit.js";
import { run } from "./run.js";
import { createProgress } from "./terminal/progress.js";
import { createTerminal } from "./terminal/terminal.js";

const terminal = createTerminal(process.stdout, process.stderr, process.env);
const clock = () => performance.now();
const stop = new AbortController();

// A second signal means "now": the children are killed by the exit handler of services/child.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    const reason = new InterruptedError(name);
    if (stop.signal.aborted) process.exit(reason.exitStatus);
    stop.abort(reason);
  });

// `deliberate ... | head` closes the pipe early, which is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_DONE);
  throw error;
});

// Not process.exit: what is still in the pipe of stdout would be lost.
process.exitCode = await run(process.argv.slice(2), {
  terminal,
  progress: createProgress(terminal, clock),
  stdin: process.stdin,
  signal: stop.signal,
  clock,
});
// An unread stdin must not keep the process.
process.stdin.destroy();

/** Runs a command line inside the test, with its streams as text. For commands that start no service. */
import { Readable } from "node:stream";
import { run } from "#cli/run.js";
import { createProgress } from "#cli/terminal/progress.js";
import { createTerminal } from "#cli/terminal/terminal.js";

export async function runInPlace(args: readonly string[], stdin = "") {
  let stdout = "";
  let stderr = "";
  const terminal = createTerminal(
    { write: (text) => (stdout += text) },
    { write: (text) => (stderr += text) },
    {},
  );
  const status = await run(args, {
    terminal,
    progress: createProgress(terminal, () => 0),
    stdin: Readable.from([stdin]),
    signal: new AbortController().signal,
    clock: () => 0,
  });
  return { status, stdout, stderr };
}

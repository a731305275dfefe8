/** One command line, from its arguments to its exit status; knows no process, so that tests can run it in place. */
import { CommanderError } from "commander";
import type { CommandContext } from "./context.js";
import { describeError, EXIT_BAD_INPUT, EXIT_DONE, exitStatusOf } from "./exit.js";
import { createProgram } from "./program.js";

/** Resolves to the exit status; never rejects. `args` are those after the program's own name. */
export async function run(
  args: readonly string[],
  context: Omit<CommandContext, "setExitStatus">,
): Promise<number> {
  let exitStatus = EXIT_DONE;
  const program = createProgram({ ...context, setExitStatus: (status) => (exitStatus = status) });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitStatus;
  } catch (thrown) {
    // What fails because it was stopped is not news; that it was stopped is.
    const error = context.signal.aborted ? context.signal.reason : thrown;
    // Commander has said what is wrong; it ends with 0 after --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_BAD_INPUT;
    context.terminal.note(`deliberate: ${describeError(error)}`);
    return exitStatusOf(error);
  }
}

/** `--json`, which every command has, and examples, which every --help ends with. */
import type { Command } from "commander";

export interface JsonFlag {
  readonly json?: boolean;
}

export function addJsonOption(command: Command): Command {
  return command.option("--json", "print results as JSON, one object per line");
}

/** `examples`: command lines without the leading `npx deliberate`, with a comment each. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [line: string, comment: string])[],
): Command {
  const lines = examples.map(([line, comment]) => `  # ${comment}\n  $ npx deliberate ${line}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n\n")}\n`);
}

/** `config check`: whether the environment variables of both services can be used. */
import type { Command } from "commander";
import { report } from "../checks/check.js";
import { checkEnvironment } from "../checks/environment.js";
import type { CommandContext } from "../context.js";
import { EXIT_BAD_INPUT, EXIT_DONE } from "../exit.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";

export function addConfig(program: Command, context: CommandContext): void {
  const config = program
    .command("config")
    .description("The services' settings, which are environment variables.");
  addExamples(config, [["config check", "read them as the services would"]]);
  const command = config
    .command("check")
    .description("Reads the settings of both services and tells what is wrong.");
  addJsonOption(command);
  addExamples(command, [
    ["config check", "exit status 2 when a setting cannot be used"],
    ["config check --json", "for scripts"],
  ]);
  command.action(async (flags: JsonFlag) => {
    const ok = report(await checkEnvironment(process.env), context.terminal, flags.json === true);
    context.setExitStatus(ok ? EXIT_DONE : EXIT_BAD_INPUT);
  });
}

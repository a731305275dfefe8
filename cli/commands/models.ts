/** `models list`: the checkpoints that ship with the package. */
import type { Command } from "commander";
import { report } from "../checks/check.js";
import { checkShippedModels } from "../checks/models.js";
import type { CommandContext } from "../context.js";
import { EXIT_DONE, EXIT_FAILED } from "../exit.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";

export function addModels(program: Command, context: CommandContext): void {
  const models = program.command("models").description("The models that ship with the package.");
  addExamples(models, [["models list", "what is there, opened and checked"]]);
  const command = models.command("list").description("Opens every shipped model and tells what it is.");
  addJsonOption(command);
  addExamples(command, [
    ["models list", "architecture, size and hash of each"],
    ["models list --json | jq -r '.checks[].name'", "their names"],
  ]);
  command.action(async (flags: JsonFlag) => {
    const checks = await context.progress.during("opening models", () => checkShippedModels(context.signal));
    if (checks.length === 0) context.terminal.note("There are no models in models/.");
    const ok = report(checks, context.terminal, flags.json === true);
    context.setExitStatus(ok ? EXIT_DONE : EXIT_FAILED);
  });
}

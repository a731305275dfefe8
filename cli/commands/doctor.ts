/** `doctor`: whether this machine and this installation can run the services. */
import type { Command } from "commander";
import { report } from "../checks/check.js";
import { checkCache } from "../checks/environment.js";
import { checkMachine } from "../checks/machine.js";
import { checkDefaults, checkShippedModels } from "../checks/models.js";
import type { CommandContext } from "../context.js";
import { EXIT_DONE, EXIT_FAILED } from "../exit.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";

export function addDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command("doctor")
    .description(
      "Checks what the services need: Node, ONNX Runtime, the models, ports, a place for the cache.",
    );
  addJsonOption(command);
  addExamples(command, [
    ["doctor", "a line per check; exit status 1 when one fails"],
    ["doctor --json | jq '.checks[] | select(.ok | not)'", "only what is wrong"],
  ]);
  command.action(async (flags: JsonFlag) => {
    const { progress, signal, terminal } = context;
    const machine = await progress.during("checking the machine", () => checkMachine(signal));
    const models = await progress.during("opening models", () => checkShippedModels(signal));
    const checks = [...machine, await checkCache(process.env), await checkDefaults(models), ...models];
    context.setExitStatus(report(checks, terminal, flags.json === true) ? EXIT_DONE : EXIT_FAILED);
  });
}

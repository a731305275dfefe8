/** `models list`: the checkpoints that ship with the package. `models check`: whether any checkpoint will work. */
import type { Command } from "commander";
import { ServiceError } from "#shared/errors.js";
import { report } from "../checks/check.js";
import { memoryBytes } from "../checks/machine.js";
import { reportModel } from "../checks/model-report.js";
import { checkShippedModels } from "../checks/models.js";
import type { CommandContext } from "../context.js";
import type { ModelReportEvent } from "../events.js";
import { BadInputError, EXIT_DONE, EXIT_FAILED } from "../exit.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { modelReportLines } from "../render/model-report.js";

export function addModels(program: Command, context: CommandContext): void {
  const models = program.command("models").description("The models that ship with the package, and others.");
  addExamples(models, [
    ["models list", "what is there, opened and checked"],
    ["models check ~/models/SmolLM2-135M-Instruct", "whether a checkpoint will work"],
  ]);
  addList(models, context);
  addCheck(models, context);
}

function addList(models: Command, context: CommandContext): void {
  const command = models.command("list").description("Opens every shipped model and tells what it is.");
  addJsonOption(command);
  addExamples(command, [
    ["models list", "architecture, size and hash of each"],
    ["models list --json | jq -r '.checks[].name'", "their names"],
  ]);
  command.action((flags: JsonFlag) => listShipped(context, flags));
}

function addCheck(models: Command, context: CommandContext): void {
  const command = models
    .command("check")
    .argument("[path]", "a Hugging Face directory or a GGUF file (default: the shipped models)")
    .description(
      "Tells whether a checkpoint will work, what it needs in memory at each\nprecision and what is missing. Reads headers only, so it takes seconds.",
    );
  addJsonOption(command);
  addExamples(command, [
    ["models check ~/models/SmolLM2-135M-Instruct", "exit status 0: it works; 1: it does not, and why"],
    ["models check DIR --json | jq '.precisions[] | {precision, total_bytes, fits}'", "memory alone"],
  ]);
  command.action(async (path: string | undefined, flags: JsonFlag) => {
    if (path === undefined) return listShipped(context, flags);
    const { terminal } = context;
    const found = await context.progress.during("reading headers", () => reportOf(path));
    if (flags.json === true) terminal.event(found);
    else for (const line of modelReportLines(found, terminal)) terminal.result(line);
    context.setExitStatus(found.works ? EXIT_DONE : EXIT_FAILED);
  });
}

async function listShipped(context: CommandContext, flags: JsonFlag): Promise<void> {
  const checks = await context.progress.during("opening models", () => checkShippedModels(context.signal));
  if (checks.length === 0) context.terminal.note("There are no models in models/.");
  const ok = report(checks, context.terminal, flags.json === true);
  context.setExitStatus(ok ? EXIT_DONE : EXIT_FAILED);
}

/** A path with nothing at it is a mistake of the command line, not a checkpoint that does not work. */
async function reportOf(path: string): Promise<ModelReportEvent> {
  return reportModel(path, memoryBytes()).catch((error: unknown) => {
    throw error instanceof ServiceError && error.code === "not_found"
      ? new BadInputError(error.message)
      : error;
  });
}

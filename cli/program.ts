/** All commands, put together. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { packageRoot } from "#shared/rpc/package-root.js";
import { addBench } from "./commands/bench.js";
import { addCalibrate } from "./commands/calibrate.js";
import { addConfig } from "./commands/config.js";
import { addDoctor } from "./commands/doctor.js";
import { addGenerate } from "./commands/generate.js";
import { addModels } from "./commands/models.js";
import { addPlan } from "./commands/plan.js";
import { addProblems } from "./commands/problems.js";
import { addScore } from "./commands/score.js";
import { addSolve } from "./commands/solve.js";
import { addTrain } from "./commands/train.js";
import { addUp } from "./commands/up.js";
import type { AddCommand, CommandContext } from "./context.js";
import { addExamples } from "./options/json.js";

/** In the order of --help: what most people look for first. */
const COMMANDS: readonly AddCommand[] = [
  addSolve,
  addGenerate,
  addUp,
  addPlan,
  addScore,
  addProblems,
  addTrain,
  addBench,
  addCalibrate,
  addModels,
  addDoctor,
  addConfig,
];

/** parseAsync rejects with CommanderError for help (exit code 0) and for arguments that cannot be used. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("deliberate")
    // Options belong to the command before them: `bench` would take those of `bench swift` otherwise.
    .enablePositionalOptions()
    .description("Makes a small language model think longer, on purpose: step search with verifiers.")
    .version(version())
    // Before any subcommand is made: they inherit these.
    .exitOverride()
    .showHelpAfterError("Run the command with --help for its flags and examples.")
    .configureOutput({
      writeOut: (text) => context.terminal.result(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    });
  for (const add of COMMANDS) add(program, context);
  addExamples(program, [
    ["up --demo", "start both services and watch a few problems being solved"],
    ['solve "Tom has 12 apples and gives away 5. How many are left?"', "search for an answer and verify it"],
    ["problems --level 4 --count 3", "problems of the kind the shipped model was made for"],
  ]);
  return program;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
  return manifest.version;
}

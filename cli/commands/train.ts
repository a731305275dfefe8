/** `train`: makes the shipped models again, from seeds. */
import { Argument, type Command } from "commander";
import { DEFAULT_OUT, TRAINERS, type TrainTarget } from "#train/run.js";
import { POLICY_DIR } from "#train/paths.js";
import type { CommandContext } from "../context.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { integerBetween } from "../parse/numbers.js";
import { duration } from "../render/format.js";

interface TrainFlags extends JsonFlag {
  readonly out?: string;
  readonly policy: string;
  readonly threads: number;
}

export function addTrain(program: Command, context: CommandContext): void {
  const command = program
    .command("train")
    .description(
      "Makes a shipped model from its seed: the policy, the PRM (reader and head), or the SWIFT head.",
    )
    .addArgument(new Argument("<model>", "what to make").choices(Object.keys(DEFAULT_OUT)))
    .option(
      "--out <dir>",
      "where to write (default: the shipped model's directory); an interrupted run goes on",
    )
    .option("--policy <dir>", "the policy that heads learn from", POLICY_DIR)
    .option("--threads <count>", "threads", integerBetween(1, 256), 2);
  addJsonOption(command);
  addExamples(command, [
    ["train policy --out /tmp/policy", "the policy, from nothing"],
    ["train prm-head --out models/prm", "only the PRM's head, for a reader that is there"],
    ["train swift --json | tail -1", "the SWIFT head; the last line has the metrics"],
  ]);
  command.action(async (target: TrainTarget, flags: TrainFlags) => {
    const { terminal, signal } = context;
    const report = (event: object, line: string): void =>
      flags.json === true ? terminal.result(JSON.stringify(event)) : terminal.note(line);
    const metrics = await TRAINERS[target](
      {
        out: flags.out ?? DEFAULT_OUT[target],
        policy: flags.policy,
        threads: flags.threads,
        onStep: (step) =>
          report(
            {
              event: "step",
              step: step.step,
              total_steps: step.totalSteps,
              train_loss: step.trainLoss,
              held_out_loss: step.heldOutLoss,
              tokens_per_second: step.tokensPerSecond,
              seconds_left: step.secondsLeft,
            },
            `step ${step.step}/${step.totalSteps}  loss ${step.trainLoss.toFixed(4)}  held out ${step.heldOutLoss.toFixed(4)}  ` +
              `${step.tokensPerSecond.toFixed(0)} tokens/s  ${duration(1000 * step.secondsLeft)} left`,
          ),
        onRollouts: (done, total) => {
          if (done % 20 === 0 || done === total)
            report({ event: "step", step: done, total_steps: total }, `rollouts ${done}/${total}`);
        },
      },
      signal,
    );
    if (flags.json === true) terminal.result(JSON.stringify({ event: "trained", metrics }));
    else for (const [name, value] of Object.entries(metrics)) terminal.result(`${name}: ${value}`);
  });
}

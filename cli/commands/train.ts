/** `train`: makes the shipped models again, from seeds, and SWIFT heads for any policy. */
import { type Command } from "commander";
import type { TrainProgress } from "#train/language-model/train.js";
import { DEFAULT_OUT, TRAINERS, type TrainTarget } from "#train/run.js";
import { POLICY_DIR } from "#train/paths.js";
import type { CommandContext } from "../context.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { integerBetween } from "../parse/numbers.js";
import { duration } from "../render/format.js";
import { addTrainSwift } from "./train-swift.js";

interface TrainFlags extends JsonFlag {
  readonly out?: string;
  readonly policy: string;
  readonly threads: number;
}

const WHAT: Readonly<Record<TrainTarget, readonly [description: string, example: string]>> = {
  policy: ["Makes the shipped policy from its seed.", "the policy, from nothing"],
  "policy-authors": [
    "Makes the second policy: the PRM's reader, taught by authors of unequal reliability.",
    "from the shipped reader",
  ],
  prm: ["Makes the shipped PRM from its seed: the reader, then its head.", "both parts of the PRM"],
  "prm-head": ["Makes the PRM's head alone.", "for a reader that is there"],
};

export function addTrain(program: Command, context: CommandContext): void {
  const train = program
    .command("train")
    .description("Makes the shipped models again, from seeds, and SWIFT heads for any policy.");
  addExamples(train, [
    ["train policy --out /tmp/policy", "the policy, from nothing"],
    ["train swift --policy DIR --problems FILE", "a SWIFT head for another policy"],
  ]);
  for (const target of Object.keys(WHAT) as TrainTarget[]) addTarget(train, target, context);
  addTrainSwift(train, context);
}

function addTarget(train: Command, target: TrainTarget, context: CommandContext): void {
  const [description, example] = WHAT[target];
  const command = train
    .command(target)
    .description(description)
    .option(
      "--out <dir>",
      "where to write (default: the shipped model's directory); an interrupted run goes on",
    )
    .option("--policy <dir>", "the policy that heads learn from", POLICY_DIR)
    .option("--threads <count>", "threads", integerBetween(1, 256), 2);
  addJsonOption(command);
  addExamples(command, [
    [`train ${target} --out /tmp/model`, example],
    [`train ${target} --json | tail -1`, "the last line has the metrics"],
  ]);
  command.action((flags: TrainFlags) => runTarget(target, flags, context));
}

async function runTarget(
  target: TrainTarget,
  flags: TrainFlags,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const report = (event: object, line: string): void =>
    flags.json === true ? terminal.event(event) : terminal.note(line);
  const metrics = await TRAINERS[target](
    {
      out: flags.out ?? DEFAULT_OUT[target],
      policy: flags.policy,
      threads: flags.threads,
      onStep: (step) => report(stepEvent(step), stepLine(step)),
      onRollouts: (done, total) => {
        if (done % 20 === 0 || done === total)
          report({ event: "step", step: done, total_steps: total }, `rollouts ${done}/${total}`);
      },
    },
    signal,
  );
  if (flags.json === true) terminal.event({ event: "trained", metrics });
  else for (const [name, value] of Object.entries(metrics)) terminal.result(`${name}: ${value}`);
}

const stepEvent = (step: TrainProgress): object => ({
  event: "step",
  step: step.step,
  total_steps: step.totalSteps,
  train_loss: step.trainLoss,
  held_out_loss: step.heldOutLoss,
  tokens_per_second: step.tokensPerSecond,
  seconds_left: step.secondsLeft,
});

const stepLine = (step: TrainProgress): string =>
  `step ${step.step}/${step.totalSteps}  loss ${step.trainLoss.toFixed(4)}  held out ${step.heldOutLoss.toFixed(4)}  ` +
  `${step.tokensPerSecond.toFixed(0)} tokens/s  ${duration(1000 * step.secondsLeft)} left`;

/** `train swift`: a SWIFT head for the shipped policy or any other, from problems with answers. */
import { basename, dirname, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { PRECISION_CHOICES, type PrecisionChoice } from "#shared/lm/types.js";
import { LOSSES, type LossName } from "#train/swift/losses.js";
import type { SwiftProgress, SwiftResult } from "#train/swift/main.js";
import { cardBeside } from "#train/swift/main.js";
import { runTrainSwift, SPANS, type SwiftRunOptions } from "#train/swift/run.js";
import { HEAD_DEFAULTS } from "#train/swift/train-head.js";
import type { CommandContext } from "../context.js";
import { BadInputError } from "../exit.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { choosePolicy } from "../options/models.js";
import { addSamplingOptions, type SamplingFlags } from "../options/sampling.js";
import { integerBetween, numberBetween, parseCount } from "../parse/numbers.js";
import { integerSet } from "../parse/words.js";
import { swiftBeside } from "../paths.js";
import { createCounter } from "../terminal/counter.js";

interface Flags extends JsonFlag, SamplingFlags {
  readonly policy?: string;
  readonly precision: PrecisionChoice;
  readonly threads: number;
  readonly problems?: string;
  readonly problemCount?: number;
  readonly rollouts: number;
  readonly maxTokens: number;
  readonly input: "hidden" | "logits";
  readonly layers?: number[];
  readonly finalNorm?: boolean;
  readonly span: SwiftRunOptions["span"];
  readonly withLogProbs?: boolean;
  readonly gate: boolean;
  readonly normalize: boolean;
  readonly loss: LossName;
  readonly learningRate?: number;
  readonly weightDecay: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly patience: number;
  readonly seed: number;
  readonly work?: string;
  readonly out?: string;
}

/** Of the shipped head. */
const SEED = 41;
const PROBLEMS = 1000;

export function addTrainSwift(train: Command, context: CommandContext): void {
  const command = train
    .command("swift")
    .description("Trains a SWIFT head: samples solutions, grades them, reads the policy's states.");
  addDataOptions(command);
  addHeadOptions(command);
  addJsonOption(command);
  addExamples(command, [
    ["train swift", "the shipped head, made again"],
    ["train swift --policy DIR --problems FILE --rollouts 8", "a head for another policy"],
    ["train swift --policy DIR --problems FILE --with-log-probs --out lp.safetensors", "swift+lp"],
    ["train swift --loss dpo --no-normalize --layers 3,4 --json | tail -1", "metrics of a variant"],
  ]);
  command.action((flags: Flags) => trainSwift(flags, context));
}

function addDataOptions(command: Command): void {
  command
    .option("--policy <path>", "a Hugging Face directory or a GGUF file (default: the shipped one)")
    .addOption(
      new Option("--precision <name>", "weights of the policy").choices(PRECISION_CHOICES).default("auto"),
    )
    .option("--threads <count>", "threads", integerBetween(1, 256), 2)
    .option(
      "--problems <file>",
      'JSON lines {"id","problem","answer"}, or GSM8K\'s (default: problems of the shipped generator)',
    )
    .option("--problem-count <n>", `how many of the generator's (default: ${PROBLEMS})`, parseCount)
    .option("--rollouts <n>", "solutions sampled per problem", integerBetween(1, 256), 8)
    .option("--max-tokens <count>", "tokens of one solution at most", parseCount, 256);
  addSamplingOptions(command);
  command
    .option("--seed <number>", "seed of all randomness", integerBetween(0, Number.MAX_SAFE_INTEGER), SEED)
    .option("--work <dir>", "rollouts and features (default: .training beside the head); goes on there")
    .option("--out <file>", "the head; its card is written beside it (default: beside the policy)");
}

function addHeadOptions(command: Command): void {
  const defaults = HEAD_DEFAULTS;
  command
    .addOption(
      new Option("--input <kind>", "what the head reads").choices(["hidden", "logits"]).default("hidden"),
    )
    .option("--layers <list>", "hidden states, such as 0,3-6; 0 is the embedding", integerSet(0, 1000))
    .option("--final-norm", "read each state through the policy's final norm")
    .addOption(new Option("--span <name>", "which tokens count").choices(SPANS).default("response"))
    .option("--with-log-probs", "swift+lp: read the token's log-prob and the entropies around it too")
    .option("--no-gate", "every token counts the same")
    .option("--no-normalize", "train on the features as they are, as the reference does")
    .addOption(new Option("--loss <name>", "what is minimised").choices(LOSSES).default(defaults.loss))
    .option(
      "--learning-rate <r>",
      "of AdamW (default: the smaller, the more the head reads)",
      numberBetween(0, 1, { openBelow: true }),
    )
    .option("--weight-decay <r>", "of AdamW", numberBetween(0, 1), defaults.weightDecay)
    .option("--batch-size <n>", "solutions of one step", integerBetween(1, 4096), defaults.batchSize)
    .option("--epochs <n>", "at most", integerBetween(1, 10_000), defaults.maxEpochs)
    .option("--patience <n>", "epochs without improvement", integerBetween(1, 10_000), defaults.patience);
}

async function trainSwift(flags: Flags, context: CommandContext): Promise<void> {
  const { terminal, signal, clock } = context;
  const counter = createCounter(terminal, clock);
  const options = toOptions(flags, (progress) =>
    flags.json === true ? terminal.event(progressEvent(progress)) : counter.report(countOf(progress)),
  );
  try {
    const result = await runTrainSwift(options, signal);
    counter.close();
    if (flags.json === true)
      terminal.event({ event: "trained", head: options.out, metrics: metricsOf(result) });
    else for (const line of resultLines(options.out, result)) terminal.result(line);
  } finally {
    counter.close();
  }
}

function toOptions(flags: Flags, onProgress: SwiftRunOptions["onProgress"]): SwiftRunOptions {
  if (flags.problems !== undefined && flags.problemCount !== undefined)
    throw new BadInputError(
      "--problem-count is for the generator's problems, got --problems too: leave one out.",
    );
  if (flags.stop !== undefined)
    throw new BadInputError("--stop is not part of what a head is bound to: leave it out.");
  const { policy } = choosePolicy(flags);
  const out = resolve(flags.out ?? headBeside(policy));
  const { temperature, topK, topP, minP, repetitionPenalty } = flags;
  return {
    policy,
    precision: flags.precision,
    threads: flags.threads,
    problems: flags.problems ?? flags.problemCount ?? PROBLEMS,
    rollouts: flags.rollouts,
    maxTokens: flags.maxTokens,
    sampling: defined({ temperature, topK, topP, minP, repetitionPenalty }),
    input: flags.input,
    ...(flags.layers !== undefined && { layers: flags.layers }),
    finalNorm: flags.finalNorm === true,
    scalars: flags.withLogProbs === true,
    span: flags.span,
    head: {
      loss: flags.loss,
      gated: flags.gate,
      normalize: flags.normalize,
      ...(flags.learningRate !== undefined && { learningRate: flags.learningRate }),
      weightDecay: flags.weightDecay,
      maxEpochs: flags.epochs,
      patience: flags.patience,
      batchSize: flags.batchSize,
    },
    seed: flags.seed,
    work: resolve(flags.work ?? join(dirname(out), ".training", basename(out, ".safetensors"))),
    out,
    command: commandLine(flags),
    onProgress,
  };
}

const headBeside = (policy: string): string =>
  policy.endsWith(".gguf") ? policy.replace(/\.gguf$/, ".swift.safetensors") : swiftBeside(policy);

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** The command again, without what says nothing new or changes no number. */
function commandLine(flags: Flags): string {
  const words = Object.entries(flags).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (name === "json" || name === "work") return [];
    if (value === true) return name === "gate" || name === "normalize" ? [] : [flag];
    if (value === false) return [flag.replace("--", "--no-")];
    return [flag, Array.isArray(value) ? value.join(",") : String(value)];
  });
  return ["npx deliberate train swift", ...words].join(" ");
}

const countOf = ({ stage, done, total, epoch }: SwiftProgress) => ({
  what: { rollouts: "rollouts, problem", features: "features, token", training: "training, epoch" }[stage],
  done,
  total,
  ...(epoch && {
    detail: `loss ${epoch.trainLoss.toFixed(4)}, validation ${epoch.validationLoss.toFixed(4)}`,
  }),
});

const progressEvent = ({ stage, done, total, epoch }: SwiftProgress): object => ({
  event: "step",
  stage,
  step: done,
  total_steps: total,
  ...(epoch && { train_loss: epoch.trainLoss, validation_loss: epoch.validationLoss }),
});

const metricsOf = (result: SwiftResult): object => ({
  labels: result.labels,
  tokens: result.tokens,
  training_problems: result.trainingProblems,
  validation_problems: result.validationProblems,
  learning_rate: result.learningRate,
  epochs: result.epochs,
  best_epoch: result.bestEpoch,
  train_loss: result.trainLoss,
  validation_loss: result.validationLoss,
  validation_auc: result.validationAuc ?? null,
  validation_auc_within_problem: result.validationAucWithin ?? null,
  seconds: result.seconds,
});

function resultLines(out: string, result: SwiftResult): string[] {
  const { right, wrong, ambiguous, unfinished } = result.labels;
  const auc = (value: number | undefined): string => value?.toFixed(3) ?? "not defined";
  return [
    `head        ${out}`,
    `card        ${cardBeside(out)}`,
    `labels      ${right} right, ${wrong} wrong; ${ambiguous} ambiguous and ${unfinished} unfinished left out`,
    `epochs      ${result.epochs}, best ${result.bestEpoch}`,
    `validation  loss ${result.validationLoss.toFixed(4)}, AUC ${auc(result.validationAuc)}, within a problem ${auc(result.validationAucWithin)}`,
  ];
}

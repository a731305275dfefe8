/** Sampling flags. An unset one leaves the choice to the model or the plan. */
import { type Command } from "commander";
import { integerBetween, numberBetween } from "../parse/numbers.js";
import { collectStop } from "../parse/words.js";

export interface SamplingFlags {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly stop?: readonly string[];
}

const MAX_SEED = Number.MAX_SAFE_INTEGER;

export function addSamplingOptions(command: Command, temperatureDefault?: number): Command {
  return command
    .option(
      "--temperature <t>",
      "0 takes the likeliest token; at most 10",
      numberBetween(0, 10),
      temperatureDefault,
    )
    .option("--top-k <k>", "keep the k likeliest tokens", integerBetween(1, 1_000_000))
    .option(
      "--top-p <p>",
      "keep the smallest set that reaches this probability",
      numberBetween(0, 1, { openBelow: true }),
    )
    .option("--min-p <p>", "keep tokens this likely relative to the likeliest", numberBetween(0, 1))
    .option("--repetition-penalty <r>", "weaken tokens seen before; 1 is off", numberBetween(0.1, 10))
    .option("--stop <text>", "end the text at this string; may be repeated", collectStop);
}

/** The same seed gives the same output. */
export function addSeedOption(command: Command): Command {
  return command.option("--seed <number>", "seed of all randomness", integerBetween(0, MAX_SEED), 0);
}

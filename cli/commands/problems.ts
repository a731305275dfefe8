/** `problems`: fresh problems, of the kind that the shipped policies were made for or easy ones for other models. */
import { type Command, Option } from "commander";
import { EASY_KINDS } from "#train/problems/easy.js";
import type { Split } from "#train/problems/generate.js";
import { type Family, problemsJsonl } from "#train/problems/problems-jsonl.js";
import type { CommandContext } from "../context.js";
import { addExamples, addJsonOption } from "../options/json.js";
import { addSeedOption } from "../options/sampling.js";
import { parseCount } from "../parse/numbers.js";
import { integerSet } from "../parse/words.js";

const LEVELS = [1, 2, 3, 4, 5, 6];
/** So that Ctrl-C and a closed pipe are noticed between lines. */
const LINES_PER_TURN = 100;

interface ProblemsFlags {
  readonly family: Family["name"];
  readonly level: number[];
  readonly kind: string[];
  readonly split: Split;
  readonly count: number;
  readonly seed: number;
}

export function addProblems(program: Command, context: CommandContext): void {
  const command = program
    .command("problems")
    .description("Prints problems with their answers, one JSON object per line.")
    .addOption(
      new Option("--family <name>", "stories for the shipped policies, or easy questions for other models")
        .choices(["stories", "easy"])
        .default("stories"),
    )
    .addOption(
      new Option("--level <levels>", "1 (easy) to 6 (hard), such as 4, 1-6 or 2,5; levels take turns")
        .argParser(integerSet(1, 6))
        .default(LEVELS, "1-6"),
    )
    .option("--kind <kinds>", `easy questions: some of ${EASY_KINDS.join(",")}`, kindSet, EASY_KINDS)
    .addOption(
      new Option("--split <name>", "test problems are what results are reported on; no training reads them")
        .choices(["train", "validation", "test"])
        .default("test"),
    )
    .option("--count <number>", "how many in all", parseCount, 10);
  addSeedOption(command);
  addJsonOption(command);
  addExamples(command, [
    ["problems --count 200 --level 1-6 --seed 7 > problems.jsonl", "a set to measure on"],
    [
      "problems --family easy --kind sum --split train --count 200 > train.jsonl",
      "for a head of your own policy",
    ],
    ["problems --level 3 --count 1 | jq -r .problem | npx deliberate solve -", "solve one"],
  ]);
  command.action(async ({ family, level, kind, split, count, seed }: ProblemsFlags) => {
    const request: Family =
      family === "stories" ? { name: family, levels: level } : { name: family, kinds: kind };
    let lines = 0;
    for (const line of problemsJsonl({ count, family: request, split, seed })) {
      context.terminal.result(line);
      if (++lines % LINES_PER_TURN !== 0) continue;
      await new Promise(setImmediate);
      context.signal.throwIfAborted();
    }
  });
}

const kindSet = (text: string): string[] => text.split(",");

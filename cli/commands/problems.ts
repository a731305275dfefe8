/** `problems`: fresh test problems of the kind that the shipped policy was made for. */
import { type Command, Option } from "commander";
import { problemsJsonl } from "#train/problems/problems-jsonl.js";
import type { CommandContext } from "../context.js";
import { addExamples, addJsonOption } from "../options/json.js";
import { addSeedOption } from "../options/sampling.js";
import { parseCount } from "../parse/numbers.js";
import { integerSet } from "../parse/words.js";

const LEVELS = [1, 2, 3, 4, 5, 6];
/** So that Ctrl-C and a closed pipe are noticed between lines. */
const LINES_PER_TURN = 100;

export function addProblems(program: Command, context: CommandContext): void {
  const command = program
    .command("problems")
    .description(
      "Prints worded problems with their answers, one JSON object per line, from seeds no training uses.",
    )
    .addOption(
      new Option("--level <levels>", "1 (easy) to 6 (hard), such as 4, 1-6 or 2,5; levels take turns")
        .argParser(integerSet(1, 6))
        .default(LEVELS, "1-6"),
    )
    .option("--count <number>", "how many in all", parseCount, 10);
  addSeedOption(command);
  addJsonOption(command);
  addExamples(command, [
    ["problems --count 200 --level 1-6 --seed 7 > problems.jsonl", "a set to measure on"],
    ["problems --level 3 --count 1 | jq -r .problem | npx deliberate solve -", "solve one"],
  ]);
  command.action(async ({ level, count, seed }: { level: number[]; count: number; seed: number }) => {
    let lines = 0;
    for (const line of problemsJsonl({ count, levels: level, seed })) {
      context.terminal.result(line);
      if (++lines % LINES_PER_TURN !== 0) continue;
      await new Promise(setImmediate);
      context.signal.throwIfAborted();
    }
  });
}

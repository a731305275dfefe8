/** `bench`: measurements that a user can repeat on models and problems of their own. */
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type FileProblem, readProblemFile } from "#train/problem-files/problem-file.js";
import { MAX_SEEDS } from "#train/strategies/measure.js";
import { BACKBONE } from "#train/strategies/report/report.js";
import { BASELINES, type BenchFlags, KNOWN, parseBudgets, parseStrategies } from "../bench/flags.js";
import { createBenchProgress } from "../bench/progress.js";
import { runBench } from "../bench/run.js";
import { tableLines } from "../bench/table.js";
import { writeReport } from "../bench/write-report.js";
import type { CommandContext } from "../context.js";
import { BadInputError } from "../exit.js";
import { addExamples, addJsonOption } from "../options/json.js";
import { addModelOptions, addTargetOption } from "../options/models.js";
import { addSamplingOptions, addSeedOption } from "../options/sampling.js";
import { integerBetween, parseCount } from "../parse/numbers.js";
import { VERIFIERS } from "../parse/words.js";
import { addBenchSwift } from "./bench-swift.js";

export function addBench(program: Command, context: CommandContext): void {
  const bench = program
    .command("bench")
    .description("Measures search strategies at equal compute on problems with known answers.")
    // As the program does: its subcommand has options of the same names.
    .enablePositionalOptions()
    .option("--problems <file>", "problems with answers, JSON lines")
    .addOption(
      new Option("--strategies <names>", "what to measure beside the baselines")
        .argParser(parseStrategies)
        .default(["auto", "bon", "beam", "dvts"], "auto,bon,beam,dvts"),
    )
    .addOption(
      new Option("--budgets <tokens>", "of both models, means per problem")
        .argParser(parseBudgets)
        .default([1000, 4000], "1k,4k"),
    )
    .option("--limit <count>", "only so many problems, from the first on", parseCount)
    .option("--seeds <count>", "searches of each problem", integerBetween(1, MAX_SEEDS), 1)
    .addOption(new Option("--verifier <name>", "what scores the steps").choices(VERIFIERS).default("prm"))
    .option("--max-tokens <count>", "tokens of one candidate at most (default: 2048)", parseCount)
    .option("--out <dir>", "where report.json, report.html and the solves go; a later run goes on with them");
  addSamplingOptions(bench);
  addSeedOption(bench);
  addTargetOption(bench, "verifier");
  addModelOptions(bench, { verifier: true });
  addJsonOption(bench);
  addExamples(bench, [
    [
      "bench --problems test.jsonl --strategies auto,bon,beam --budgets 1k,4k,16k --out /tmp/bench",
      "AUTO and two searches, beside the baselines",
    ],
    ["bench --problems test.jsonl --limit 20 --seeds 3 --out /tmp/bench", "a first look"],
  ]);
  bench.addHelpText(
    "after",
    `\nStrategies: ${KNOWN.join(", ")}.\nAlways measured: ${BASELINES.join(", ")}, and ${BACKBONE} where the PRM can be a policy.`,
  );
  bench.action(async (given: Partial<BenchFlags>) => {
    const flags = complete(bench, given);
    const file = await readProblemFile(flags.problems);
    await benchStrategies(flags, file.slice(0, flags.limit), context);
  });
  addBenchSwift(bench, context);
}

/** The options that must be there; commander's own check would ask for them before the subcommand, too. */
function complete(bench: Command, given: Partial<BenchFlags>): BenchFlags {
  for (const name of ["problems", "out"] as const)
    if (given[name] === undefined) bench.error(`error: required option '--${name}' not specified`);
  const flags = given as BenchFlags;
  const out = resolve(flags.out);
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new BadInputError(`--out must be a directory, ${out} is a file: name another.`);
  return { ...flags, out };
}

async function benchStrategies(
  flags: BenchFlags,
  problems: readonly FileProblem[],
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const progress = createBenchProgress(flags.json === true, context);
  try {
    const report = await runBench(flags, problems, context, progress);
    await writeReport(flags.out, report);
    progress.end();
    progress.close();
    if (flags.json === true) return terminal.event({ event: "report", rows: report.rows });
    for (const line of tableLines(report, terminal.style)) terminal.result(line);
    terminal.result(`The report: ${join(flags.out, "report.html")}`);
  } catch (error) {
    progress.close();
    if (progress.done > 0)
      terminal.note(`${progress.done} solves are kept in ${flags.out}: the same command goes on with them.`);
    throw error;
  }
}

/** `calibrate`: measures a pair of models on problems with known answers, so that AUTO plans by what it can do. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { MIN_PROBLEMS } from "#train/calibration/calibrate.js";
import { SEARCHES } from "#train/calibration/layout.js";
import { signCalibration } from "#train/calibration/sign.js";
import { writeWhole } from "#train/files.js";
import { type FileProblem, readProblemFile } from "#train/problem-files/problem-file.js";
import { type CalibrateFlags, parseSamples, parseSearches, parseWidths } from "../calibrate/flags.js";
import { type Report, runCalibrate } from "../calibrate/run.js";
import { summaryLines } from "../calibrate/summary.js";
import type { CommandContext } from "../context.js";
import { BadInputError } from "../exit.js";
import { addExamples, addJsonOption } from "../options/json.js";
import { addModelOptions, addTargetOption } from "../options/models.js";
import { addSeedOption } from "../options/sampling.js";
import { numberBetween, parseCount } from "../parse/numbers.js";
import { parseTarget } from "../parse/words.js";
import { createCounter } from "../terminal/counter.js";

export function addCalibrate(program: Command, context: CommandContext): void {
  const command = program
    .command("calibrate")
    .description(
      "Measures what each strategy is worth to a policy and its verifier, and writes the file that AUTO then plans by.",
    )
    .requiredOption(
      "--problems <file>",
      "problems with answers, JSON lines; not those that results are reported on",
    )
    .requiredOption("--out <file>", "the calibration, for the verifier to load")
    .option("--work <dir>", "what is measured, which a later run goes on with", ".cache/calibrate")
    .option("--limit <count>", "only so many problems, from the first on", parseCount)
    .addOption(
      new Option("--verifier <name>", "what scores the steps").choices(["prm", "swift"]).default("prm"),
    )
    .option("--strategies <names>", "searches to measure beside samples, or none", parseSearches, [
      ...SEARCHES.keys(),
    ])
    .option("--widths <counts>", "candidates of each search", parseWidths, [16, 64])
    .option(
      "--reject-below <score>",
      "the searches drop partial solutions that score below it, in [0, 1); 0: none",
      numberBetween(0, 1, { openAbove: true }),
      0,
    )
    .option("--samples <count>", "samples of each problem", parseSamples, 64)
    .option(
      "--temperature <t>",
      "of all samples; AUTO at another one is not planned by the file (default: the plan's)",
      numberBetween(0, 10, { openBelow: true }),
    )
    .option("--max-tokens <count>", "tokens of one candidate at most (default: 2048)", parseCount);
  addSeedOption(command);
  addTargetOption(command, "verifier");
  command.option("--generator <host:port>", "with --target, the generator behind it", parseTarget);
  addModelOptions(command, { verifier: true, calibration: false });
  addJsonOption(command);
  addExamples(command, [
    [
      "problems --split validation --count 400 --seed 4242 > calibration.jsonl",
      "problems for the shipped pair",
    ],
    ["calibrate --problems calibration.jsonl --out calibration.json", "measure it"],
    [
      "calibrate --problems train.jsonl --policy DIR --swift FILE --verifier swift --strategies none --out mine.json",
      "whether to count or to weigh, for a head whose policy answers in one step",
    ],
    [
      "calibrate --problems train.jsonl --policy DIR --prm DIR --strategies dvts --widths 16 --samples 16 --out mine.json",
      "a pair of your own, in a small setting",
    ],
  ]);
  command.action((flags: CalibrateFlags) =>
    calibrateFrom({ ...flags, out: resolve(flags.out), work: resolve(flags.work) }, context),
  );
}

async function calibrateFrom(flags: CalibrateFlags, context: CommandContext): Promise<void> {
  const { terminal, clock } = context;
  const problems = await problemsOf(flags);
  const counter = createCounter(terminal, clock);
  let solves = 0;
  const report: Report = (what, done, total, detail) => {
    if (what === "solves") solves = done;
    if (flags.json !== true) return counter.report({ what, done, total, ...(detail && { detail }) });
    terminal.event({ event: "step", stage: detail ?? what, step: done, total_steps: total });
  };
  try {
    const calibrated = await runCalibrate(flags, problems, context, report);
    const { text, hash } = signCalibration(calibrated, flags.out);
    await writeWhole(flags.out, text);
    counter.close();
    const { out, json } = flags;
    if (json === true)
      return terminal.event({ event: "calibrated", out, hash, measured: calibrated.measured });
    for (const line of summaryLines(calibrated, terminal.style)) terminal.result(line);
    terminal.result(`The calibration: ${out} (${hash.slice(0, 12)})`);
  } catch (error) {
    counter.close();
    if (solves > 0)
      terminal.note(`${solves} solves are kept in ${flags.work}: the same command goes on with them.`);
    throw error;
  }
}

async function problemsOf({ problems: path, limit }: CalibrateFlags): Promise<FileProblem[]> {
  const problems = (await readProblemFile(path)).slice(0, limit);
  if (problems.length < MIN_PROBLEMS)
    throw new BadInputError(
      `--problems must hold at least ${MIN_PROBLEMS} problems to tell strategies apart, got ${problems.length}; a few hundred are better: add more.`,
    );
  return problems;
}

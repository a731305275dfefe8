/** `bench swift`: SWIFT heads of a policy beside everything that could embarrass them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { PRECISION_CHOICES, type PrecisionChoice } from "#shared/lm/types.js";
import { CURVE } from "#train/evaluation/swift/evaluate.js";
import { toMarkdown } from "#train/evaluation/swift/markdown.js";
import { toSvg } from "#train/evaluation/swift/picture.js";
import type { SwiftReport } from "#train/evaluation/swift/report.js";
import { runSwiftBench } from "#train/evaluation/swift/run.js";
import type { FileProblem } from "#train/problem-files/problem-file.js";
import { readProblemFile } from "#train/problem-files/problem-file.js";
import { generateProblem } from "#train/problems/generate.js";
import { trainingProblems } from "#train/swift/training-problems.js";
import { commandLine } from "../bench/command-line.js";
import { endToEnd } from "../bench/end-to-end.js";
import type { CommandContext } from "../context.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { choosePolicy } from "../options/models.js";
import { addSamplingOptions, type SamplingFlags } from "../options/sampling.js";
import { integerBetween, parseCount } from "../parse/numbers.js";
import { withVerifier } from "../services/use.js";
import { createCounter } from "../terminal/counter.js";

interface Flags extends JsonFlag, SamplingFlags {
  readonly policy?: string;
  readonly precision: PrecisionChoice;
  readonly threads: number;
  readonly prm?: string;
  readonly swift?: string;
  readonly problems?: string;
  readonly testProblems?: string;
  readonly trainingCount: number;
  readonly testCount: number;
  readonly rollouts: number;
  readonly testRollouts: number;
  readonly maxTokens: number;
  readonly curve: number[];
  readonly endToEnd: number;
  readonly seed: number;
  readonly work: string;
  readonly out: string;
}

export function addBenchSwift(bench: Command, context: CommandContext): void {
  const command = bench
    .command("swift")
    .description("Trains SWIFT heads of every kind on some problems and measures them on others.")
    .option("--policy <path>", "a Hugging Face directory or a GGUF file (default: the shipped one)")
    .addOption(
      new Option("--precision <name>", "weights of the policy").choices(PRECISION_CHOICES).default("auto"),
    )
    .option("--threads <count>", "threads", integerBetween(1, 256), 2)
    .option("--prm <dir>", "a PRM to compare with, and to race end to end (default: none)")
    .option("--swift <file>", "the head that is raced (default: swift.safetensors beside the policy)")
    .option("--problems <file>", "training problems, JSON lines (default: of the shipped generator)")
    .option("--test-problems <file>", "test problems, JSON lines (default: of the shipped generator)")
    .option("--training-count <n>", "training problems of the generator", parseCount, 1000)
    .option("--test-count <n>", "test problems of the generator", parseCount, 300)
    .option("--rollouts <n>", "solutions per training problem", integerBetween(1, 256), 8)
    .option("--test-rollouts <n>", "solutions per test problem", integerBetween(1, 256), 64)
    .option("--max-tokens <count>", "tokens of one solution at most", parseCount, 256)
    .option("--curve <sizes>", "training problems of the learning curve", parseSizes, [...CURVE])
    .option("--end-to-end <n>", "test problems of the race; 0: none", integerBetween(0, 100_000), 60);
  addSamplingOptions(command);
  command
    .option("--seed <number>", "seed of all randomness", integerBetween(0, Number.MAX_SAFE_INTEGER), 777)
    .option("--work <dir>", "rollouts and features, which a later run goes on with", ".cache/bench-swift")
    .requiredOption("--out <dir>", "where report.json, report.md and report.svg go");
  addJsonOption(command);
  addExamples(command, [
    ["bench swift --prm models/prm --out /tmp/swift", "the shipped policy, its head and its PRM"],
    [
      "bench swift --policy DIR --problems train.jsonl --test-problems test.jsonl --test-rollouts 8 --out /tmp/swift",
      "a policy and problems of your own",
    ],
  ]);
  command.action((flags: Flags) => benchSwift(flags, context));
}

async function benchSwift(flags: Flags, context: CommandContext): Promise<void> {
  const { terminal, signal, clock } = context;
  const counter = createCounter(terminal, clock);
  const onProgress = (what: string, done: number, total: number): void =>
    flags.json === true
      ? terminal.event({ event: "step", stage: what, step: done, total_steps: total })
      : counter.report({ what, done, total });
  try {
    const test = await problemsOf(flags.testProblems, () => testProblems(flags.testCount, flags.seed));
    const training = await problemsOf(flags.problems, () =>
      trainingProblems(flags.trainingCount, flags.seed),
    );
    await mkdir(flags.out, { recursive: true });
    const { temperature, topK, topP, minP, repetitionPenalty } = flags;
    const sampling = Object.fromEntries(
      Object.entries({ temperature, topK, topP, minP, repetitionPenalty }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const measured = await runSwiftBench(
      {
        ...flags,
        policy: choosePolicy(flags).policy,
        prm: flags.prm && resolve(flags.prm),
        training,
        test,
        sampling,
        work: resolve(flags.work),
        command: commandOf(flags),
        onProgress,
      },
      signal,
    );
    const report = await race(measured, test, flags, context, onProgress);
    await writeReport(flags.out, report);
    counter.close();
    if (flags.json === true) terminal.event({ event: "report", ...report });
    else terminal.result(toMarkdown(report).trimEnd());
  } finally {
    counter.close();
  }
}

/** SWIFT against the PRM through both services, where there are both. */
async function race(
  report: SwiftReport,
  test: readonly FileProblem[],
  flags: Flags,
  context: CommandContext,
  onProgress: (what: string, done: number, total: number) => void,
): Promise<SwiftReport> {
  if (flags.prm === undefined || flags.endToEnd === 0) return report;
  const { policy, prm, swift, precision, threads } = flags;
  const services = {
    prm,
    precision,
    threads,
    ...(policy !== undefined && { policy }),
    ...(swift !== undefined && { swift }),
  };
  const measured = await withVerifier(services, context, (verifier) =>
    endToEnd(
      verifier,
      test.slice(0, flags.endToEnd),
      {
        verifiers: ["prm", "swift", "rank", "scaled"],
        candidates: 16,
        temperature: report.temperature,
        maxTokens: flags.maxTokens,
        seed: flags.seed,
        onProgress: (done, total) => onProgress("end to end, problem", done, total),
      },
      context.signal,
    ),
  );
  return { ...report, endToEnd: measured };
}

async function writeReport(directory: string, report: SwiftReport): Promise<void> {
  await writeFile(join(directory, "report.json"), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(join(directory, "report.md"), toMarkdown(report));
  await writeFile(join(directory, "report.svg"), toSvg(report));
}

async function problemsOf(
  file: string | undefined,
  generate: () => readonly FileProblem[],
): Promise<readonly FileProblem[]> {
  return file === undefined ? generate() : readProblemFile(file);
}

/** The levels take turns. */
function testProblems(count: number, seed: number): FileProblem[] {
  return Array.from({ length: count }, (_, i) => {
    const spec = { level: (i % 6) + 1 };
    const { id, problem, answer, level } = generateProblem(spec, "test", seed, Math.floor(i / 6));
    return { id, problem, answer, level };
  });
}

function parseSizes(text: string): number[] {
  return text.split(",").map((size) => parseCount(size));
}

/** The command again, without what changes no number. */
function commandOf(flags: Flags): string {
  const silent = ["out", "work"];
  if (flags.problems !== undefined) silent.push("trainingCount");
  if (flags.testProblems !== undefined) silent.push("testCount");
  if (flags.prm === undefined) silent.push("endToEnd");
  return commandLine("bench swift", flags, silent);
}

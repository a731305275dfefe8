/** Records a pair's Solves through both services and fits its calibration to them. */
import { open, rm } from "node:fs/promises";
import { generatorService } from "#shared/rpc/proto.js";
import { calibrate, type Calibrated } from "#train/calibration/calibrate.js";
import { armsOf, createLayout, type Layout, SEARCHES } from "#train/calibration/layout.js";
import type { Observation } from "#train/calibration/observation.js";
import { recordAll } from "#train/calibration/record.js";
import { type FileProblem, hashProblems } from "#train/problem-files/problem-file.js";
import { openWorkDir } from "#train/work-dir.js";
import { commandLine } from "../bench/command-line.js";
import { createSolver } from "../bench/solver.js";
import { subjectOf } from "../bench/subject.js";
import type { CommandContext } from "../context.js";
import { BadInputError } from "../exit.js";
import { type GeneratorClient, type VerifierClient, withClient, withVerifier } from "../services/use.js";
import type { CalibrateFlags } from "./flags.js";
import { readPair } from "./pair.js";
import { createPromptReader } from "./prompt-states.js";

/** `done` of `total` of what is counted. */
export type Report = (what: string, done: number, total: number, detail?: string) => void;

export async function runCalibrate(
  flags: CalibrateFlags,
  problems: readonly FileProblem[],
  context: CommandContext,
  report: Report,
): Promise<Calibrated> {
  await assertWritable(flags.out);
  const layout = createLayout(
    flags.samples,
    flags.strategies.map((word) => SEARCHES.get(word)!),
    flags.widths,
    flags.rejectBelow,
  );
  const { pair, observations } = await withBoth(flags, context, (verifier, generator) =>
    record({ flags, problems, layout, signal: context.signal, report }, verifier, generator),
  );
  const frame = {
    command: commandLine("calibrate", flags, ["out", "work", "target", "generator"]),
    problems: { hash: hashProblems(problems), count: problems.length },
    seed: flags.seed,
    date: new Date().toISOString(),
  };
  return calibrate(layout, observations, pair, frame, (done, total) => report("folds", done, total));
}

/** Hours of work must not end at a file that cannot be written. */
async function assertWritable(path: string): Promise<void> {
  const trial = `${path}.${process.pid}.trial`;
  try {
    await (await open(trial, "w")).close();
    await rm(trial);
  } catch (error) {
    throw new BadInputError(`--out must be a file that can be written, ${path} is not one: ${String(error)}`);
  }
}

/** A running verifier does not say where its generator is, and it is the generator that knows the prompt's states. */
function withBoth<T>(
  flags: CalibrateFlags,
  context: CommandContext,
  work: (verifier: VerifierClient, generator: GeneratorClient) => Promise<T>,
): Promise<T> {
  const { target, generator: address } = flags;
  if ((target === undefined) !== (address === undefined))
    throw new BadInputError(
      "--target and --generator must be given together: a running verifier and the generator behind it.",
    );
  if (address !== undefined)
    return withVerifier(flags, context, (verifier) =>
      withClient(generatorService, address, (generator) => work(verifier, generator)),
    );
  // One of the pair as it once was would keep the verifier from starting.
  return withVerifier({ ...flags, calibration: "none" }, context, (verifier, generator) =>
    work(verifier, generator!),
  );
}

interface Job {
  readonly flags: CalibrateFlags;
  readonly problems: readonly FileProblem[];
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly report: Report;
}

async function record(
  { flags, problems, layout, signal, report }: Job,
  verifier: VerifierClient,
  generator: GeneratorClient,
): Promise<{ pair: Calibrated["pair"]; observations: Observation[] }> {
  const { search, settings } = await subjectOf(verifier, flags, problems, signal);
  const { pair, hasChatTemplate } = await readPair(
    verifier,
    generator,
    { verifier: flags.verifier, temperature: search.temperature },
    signal,
  );
  // A calibration that is served already changes no Solve of a named strategy.
  const { calibration: _, ...others } = settings;
  await openWorkDir(flags.work, { ...others, pair, layout });
  const total = problems.length * armsOf(layout).length;
  let done = 0;
  const observations = await recordAll(
    {
      problems,
      layout,
      seed: flags.seed,
      directory: flags.work,
      solver: createSolver(verifier, search, signal),
      readPrompt: createPromptReader(generator, hasChatTemplate, signal),
      onSolve: (arm) => report("solves", ++done, total, arm),
    },
    signal,
  );
  return { pair, observations };
}

/**
 * Strategies at equal compute: climbs the ladder of each through both services, then that of the verifier's own language
 * model as a policy, and derives the rest. What is measured is kept in `out`, so that a run can be gone on with.
 */
import { cpus } from "node:os";
import { join } from "node:path";
import type { FileProblem } from "#train/problem-files/problem-file.js";
import type { Arm } from "#train/strategies/arm.js";
import { budgetsOf } from "#train/strategies/budgets.js";
import { buildReport } from "#train/strategies/build-report.js";
import { DERIVED, deriveArms } from "#train/strategies/derived.js";
import { ladderOf } from "#train/strategies/ladder.js";
import { climb, seedOf, type MeasureRun, type Solver } from "#train/strategies/measure.js";
import { openRecordStore } from "#train/strategies/record-store.js";
import { BACKBONE, type StrategiesReport, type Unit, UNITS } from "#train/strategies/report/report.js";
import type { Budgets } from "#train/strategies/rows.js";
import { openWorkDir } from "#train/work-dir.js";
import type { CommandContext } from "../context.js";
import { BadInputError } from "../exit.js";
import { chooseModels } from "../options/models.js";
import { withVerifier } from "../services/use.js";
import { commandLine } from "./command-line.js";
import { BASELINES, type BenchFlags } from "./flags.js";
import type { BenchProgress } from "./progress.js";
import { createSolver } from "./solver.js";
import { type Subject, subjectOf } from "./subject.js";

type Ladder = readonly [strategy: string, arms: readonly Arm[]];

export async function runBench(
  flags: BenchFlags,
  problems: readonly FileProblem[],
  context: CommandContext,
  progress: BenchProgress,
): Promise<StrategiesReport> {
  const prm = flags.target === undefined ? chooseModels(flags).prm : undefined;
  if (prm === undefined && flags.strategies.includes(BACKBONE))
    throw new BadInputError(
      `--strategies ${BACKBONE} needs a PRM to start as a policy: leave out --target, and name one with --prm.`,
    );
  const asked = [...new Set([...flags.strategies, ...BASELINES])].filter((name) => name !== BACKBONE);
  // Majority first: it tells what the budgets are.
  const solved = [...new Set(["majority", ...asked])].filter((name) => !DERIVED.includes(name));
  progress.plan(prm === undefined ? solved : [...solved, BACKBONE], problems.length * flags.seeds);

  const work = { flags, problems, context, progress };
  const { subject, budgets, ladders } = await measurePair(work, solved);
  const backbone = prm === undefined ? [] : await measureBackbone(work, prm, subject, budgets);
  const majority = ladders.get("majority")!;
  const ordered = asked.map((name): Ladder => [name, ladders.get(name) ?? deriveArms(name, majority)]);
  return buildReport(frameOf(flags, problems, subject), new Map([...ordered, ...backbone]), budgets);
}

interface Work {
  readonly flags: BenchFlags;
  readonly problems: readonly FileProblem[];
  readonly context: CommandContext;
  readonly progress: BenchProgress;
}

interface Measured {
  readonly subject: Subject;
  readonly budgets: Budgets;
  readonly ladders: ReadonlyMap<string, readonly Arm[]>;
}

function measurePair(work: Work, strategies: readonly string[]): Promise<Measured> {
  const { flags, problems, context } = work;
  return withVerifier(flags, context, async (verifier) => {
    const subject = await subjectOf(verifier, flags, problems, context.signal);
    await openWorkDir(flags.out, subject.settings, "--out");
    const solver = createSolver(verifier, subject.search, context.signal);
    await warmUp(strategies, solver, work);
    const ladders = new Map<string, readonly Arm[]>();
    const budgets = await withRun(work, async (run) => {
      const [first, ...others] = strategies;
      const majority = await climb(
        first!,
        { tokens: flags.budgets.at(-1)!, flops: 0, seconds: 0 },
        solver,
        run,
      );
      ladders.set(first!, majority);
      const found = budgetsOf(majority, flags.budgets);
      for (const strategy of others)
        ladders.set(strategy, await climb(strategy, largestOf(found), solver, run));
      return found;
    });
    return { subject, budgets, ladders };
  });
}

/** None when the PRM is no policy. */
async function measureBackbone(
  work: Work,
  prm: string,
  { search }: Subject,
  budgets: Budgets,
): Promise<readonly Ladder[]> {
  const { flags, context } = work;
  const { precision, threads } = flags;
  const models = {
    policy: prm,
    verifier: "none",
    ...(precision !== undefined && { precision }),
    ...(threads !== undefined && { threads }),
  };
  let works = false;
  try {
    return await withVerifier(models, context, async (verifier) => {
      const solver = createSolver(verifier, { ...search, verifier: "none" }, context.signal);
      await warmUp([BACKBONE], solver, work);
      works = true;
      const arms = await withRun(work, (run) => climb(BACKBONE, largestOf(budgets), solver, run));
      return [[BACKBONE, arms]] as const;
    });
  } catch (error) {
    if (works || context.signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    context.terminal.note(`${BACKBONE} is left out, since ${prm} cannot be used as a policy: ${why}`);
    return [];
  }
}

/** The first solve pays for what is loaded on demand; and what a service refuses is known before hours are spent. */
async function warmUp(
  strategies: readonly string[],
  solver: Solver,
  { flags, problems }: Work,
): Promise<void> {
  const unused = seedOf(flags.seed, problems.length, 0);
  for (const strategy of strategies)
    await solver.solve(problems[0]!, ladderOf(strategy, flags.budgets[0]!)[0]!, unused);
}

async function withRun<T>(
  { flags, problems, progress, context }: Work,
  measure: (run: MeasureRun) => Promise<T>,
): Promise<T> {
  const store = await openRecordStore(join(flags.out, "solves.jsonl"));
  const { seeds, seed } = flags;
  const onSolve: MeasureRun["onSolve"] = (arm, isNew) => progress.solved(arm, isNew);
  const onTooLarge: MeasureRun["onTooLarge"] = (arm, why) => {
    context.terminal.note(
      `${arm} is too large for these services, so that its strategy ends before it: ${why}`,
    );
  };
  try {
    const smallestBudget = flags.budgets[0]!;
    return await measure({ problems, seeds, seed, smallestBudget, store, onSolve, onTooLarge });
  } finally {
    await store.close();
  }
}

function largestOf(budgets: Budgets): Record<Unit, number> {
  const largest = UNITS.map((unit) => [unit, budgets[unit].at(-1)!] as const);
  return Object.fromEntries(largest) as Record<Unit, number>;
}

function frameOf(flags: BenchFlags, problems: readonly FileProblem[], subject: Subject) {
  const processors = cpus();
  return {
    command: commandLine("bench", flags, ["out"]),
    policy: subject.policy,
    verifier: subject.verifier,
    calibration: subject.calibration,
    problems: problems.length,
    seeds: Array.from({ length: flags.seeds }, (_, i) => flags.seed + i),
    temperature: subject.search.temperature,
    machine: `${processors.length} x ${processors[0]?.model.trim() ?? "unknown"}, Node ${process.version}`,
    date: new Date().toISOString(),
  };
}

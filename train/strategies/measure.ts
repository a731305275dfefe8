/**
 * Climbs ladders: measures the arms of strategies, one solve at a time since wall time is a result, until the largest
 * budget is spent. Knows no service: a `Solver` runs what is asked.
 */
import { ServiceError } from "#shared/errors.js";
import type { FileProblem } from "../problem-files/problem-file.js";
import { type Arm, type ArmSpec, toArm } from "./arm.js";
import { isClimbed, ladderOf } from "./ladder.js";
import type { RecordStore } from "./record-store.js";
import type { Unit } from "./report/report.js";
import type { SolveRecord } from "./solve-record.js";

export interface Solver {
  /** A failed solve rejects. */
  solve(problem: FileProblem, arm: ArmSpec, seed: number): Promise<SolveRecord>;
}

export interface MeasureRun {
  readonly problems: readonly FileProblem[];
  /** Solves of each problem in each arm. */
  readonly seeds: number;
  readonly seed: number;
  /** In tokens. */
  readonly smallestBudget: number;
  readonly store: RecordStore;
  /** After every solve, and for each that an earlier run had done. */
  readonly onSolve: (arm: string, isNew: boolean) => void;
  /** An arm is more than the services have memory for, so that its ladder ends before it. */
  readonly onTooLarge: (arm: string, why: string) => void;
}

/** More seeds than that would meet the next problem's. */
export const MAX_SEEDS = 1000;

/**
 * The same for all arms, so that they share their first candidates; another for every problem, so that a rare draw is
 * not drawn for all of them.
 */
export const seedOf = (seed: number, problemIndex: number, repeat: number): number =>
  seed + problemIndex * MAX_SEEDS + repeat;

/**
 * The strategy's arms, from the cheapest to the first that spends the `largest` budgets, to its last, or to the largest
 * that the services have memory for.
 */
export async function climb(
  strategy: string,
  largest: Readonly<Record<Unit, number>>,
  solver: Solver,
  run: MeasureRun,
): Promise<Arm[]> {
  const ladder = ladderOf(strategy, run.smallestBudget);
  const arms: Arm[] = [];
  while (arms.length < ladder.length && !isClimbed(ladder, arms, largest)) {
    const spec = ladder[arms.length]!;
    try {
      arms.push(await measureArm(spec, solver, run));
    } catch (error) {
      if (arms.length === 0 || !isTooLarge(error)) throw error;
      run.onTooLarge(spec.name, error.message);
      break;
    }
  }
  return arms;
}

/** One solve runs at a time, so that nobody else's can be in the way. */
const isTooLarge = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && error.code === "resource_exhausted";

async function measureArm(spec: ArmSpec, solver: Solver, run: MeasureRun): Promise<Arm> {
  const solves: SolveRecord[] = [];
  for (const [index, problem] of run.problems.entries())
    for (let repeat = 0; repeat < run.seeds; repeat++)
      solves.push(await solveOnce(problem, spec, seedOf(run.seed, index, repeat), solver, run));
  return toArm(spec.strategy, spec.name, solves);
}

/** One that was made earlier is not made again. */
export async function solveOnce(
  problem: FileProblem,
  spec: ArmSpec,
  seed: number,
  solver: Solver,
  { store, onSolve }: Pick<MeasureRun, "store" | "onSolve">,
): Promise<SolveRecord> {
  const earlier = store.find(spec.name, problem.id, seed);
  const record = earlier ?? (await solver.solve(problem, spec, seed));
  if (earlier === undefined) await store.add(record);
  onSolve(spec.name, earlier === undefined);
  return record;
}

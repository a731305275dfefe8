/** An arm: one strategy at one size, measured over all problems and seeds. A strategy is the ladder of its arms. */
import { mean } from "#shared/stats.js";
import { type Unit, UNITS } from "./report/report.js";
import type { SolveRecord, Spent } from "./solve-record.js";

/** What is asked of a search; what is left out is the plan's to choose. */
export interface ArmSpec {
  readonly strategy: string;
  /** Such as `beam@16`. */
  readonly name: string;
  readonly n?: number;
  readonly beamWidth?: number;
  /** Partial solutions that score below it are dropped; left out: none. */
  readonly rejectBelow?: number;
  /** Of both models together, at most. */
  readonly tokens?: number;
}

export const GREEDY_ARM: ArmSpec = { strategy: "greedy", name: "greedy@1", n: 1 };

export interface Arm {
  readonly strategy: string;
  readonly name: string;
  readonly solves: readonly SolveRecord[];
  /** Means per problem. */
  readonly cost: Readonly<Record<Unit, number>>;
  /** By problem: the share of its seeds that were answered right. */
  readonly accuracy: ReadonlyMap<string, number>;
}

export const totalTokens = ({ generatedTokens, verifierTokens }: Spent): number =>
  generatedTokens + verifierTokens;

const COST: Readonly<Record<Unit, (spent: Spent) => number>> = {
  tokens: totalTokens,
  flops: ({ flops }) => flops,
  seconds: ({ wallMs }) => wallMs / 1e3,
};

/** Every problem has the same number of solves, so that means over solves are means over problems. */
export function toArm(strategy: string, name: string, solves: readonly SolveRecord[]): Arm {
  const costs = UNITS.map((unit) => [unit, mean(solves.map(({ spent }) => COST[unit](spent)))] as const);
  const accuracy = new Map<string, number>();
  for (const [id, own] of solvesByProblem(solves))
    accuracy.set(id, mean(own.map(({ correct }) => Number(correct))));
  return { strategy, name, solves, cost: Object.fromEntries(costs) as Arm["cost"], accuracy };
}

/** Problems in the order in which they were solved first. */
export function solvesByProblem(solves: readonly SolveRecord[]): Map<string, SolveRecord[]> {
  const found = new Map<string, SolveRecord[]>();
  for (const solve of solves) {
    const own = found.get(solve.id);
    if (own === undefined) found.set(solve.id, [solve]);
    else own.push(solve);
  }
  return found;
}

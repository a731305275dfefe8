/**
 * What tells beforehand how hard a problem is: estimates against the share of right samples, in order (Spearman). The
 * samples that an estimate is made of are not among those that it is compared with.
 */
import { createRng } from "#shared/rng.js";
import { bootstrap, mean, spearman } from "#shared/stats.js";
import { type Arm, solvesByProblem } from "./arm.js";
import type { DifficultyEstimate } from "./report/report.js";
import { binsOf, eceOf } from "./reliability.js";
import type { Ladders } from "./rows.js";
import type { CandidateRecord, SolveRecord } from "./solve-record.js";

/** What AUTO looks at, too. */
const SEEN = 4;

interface Truth {
  /** Of all seeds together. */
  readonly passRate: number;
  /** The same problem's majority solves, one a seed. */
  readonly solves: readonly SolveRecord[];
}

interface Estimate {
  readonly name: string;
  /** Higher is easier; undefined when there is none for this solve. */
  readonly of: (solve: SolveRecord) => number | undefined;
  /** Whether it claims to be the pass rate itself. */
  readonly isRate: boolean;
}

/** Empty when no arm of majority has more samples than are looked at. */
export function difficultyOf(ladders: Ladders): DifficultyEstimate[] {
  const truths = truthsOf(ladders.get("majority")?.at(-1));
  if (truths.length === 0) return [];
  return estimates(ladders).flatMap((estimate) => {
    const row = compare(estimate, truths);
    return row === undefined ? [] : [row];
  });
}

function truthsOf(majority: Arm | undefined): Truth[] {
  const byProblem = solvesByProblem(majority?.solves ?? []);
  return [...byProblem.values()].flatMap((solves) => {
    const rest = solves.flatMap(({ candidates }) => candidates.slice(SEEN));
    return rest.length === 0 ? [] : [{ solves, passRate: mean(rest.map(({ correct }) => Number(correct))) }];
  });
}

function estimates(ladders: Ladders): Estimate[] {
  const seen = (solve: SolveRecord): readonly CandidateRecord[] => solve.candidates.slice(0, SEEN);
  const scored = bySolve(ladders.get("bon")?.findLast(({ solves }) => solves[0]!.candidates.length >= SEEN));
  const planned = bySolve(ladders.get("auto")?.at(-1));
  return [
    { name: `agreement of ${SEEN} samples`, of: (solve) => agreement(seen(solve)), isRate: true },
    {
      name: `minus mean entropy of ${SEEN} samples`,
      of: (solve) => meanOf(seen(solve).map(({ meanEntropy }) => -meanEntropy)),
      isRate: false,
    },
    {
      name: `mean verifier score of ${SEEN} samples`,
      of: (solve) => {
        const own = scored(solve);
        return own && meanOf(seen(own).flatMap(({ score }) => score ?? []));
      },
      isRate: true,
    },
    { name: "AUTO's estimate", of: (solve) => planned(solve)?.estimatedPassRate ?? undefined, isRate: true },
    {
      name: "minus level",
      of: ({ level }) => (level === null ? undefined : -level),
      isRate: false,
    },
  ];
}

/** Another arm's solve of the same problem with the same seed. */
function bySolve(arm: Arm | undefined): (solve: SolveRecord) => SolveRecord | undefined {
  const key = ({ id, seed }: SolveRecord): string => JSON.stringify([id, seed]);
  const found = new Map(arm?.solves.map((solve) => [key(solve), solve]));
  return (solve) => found.get(key(solve));
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : mean(values);

/** The share of the most frequent answer. */
function agreement(candidates: readonly CandidateRecord[]): number | undefined {
  if (candidates.length === 0) return undefined;
  const counts = new Map<string, number>([["", 0]]);
  for (const { answer } of candidates) if (answer !== "") counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return Math.max(...counts.values()) / candidates.length;
}

function compare({ name, of, isRate }: Estimate, truths: readonly Truth[]): DifficultyEstimate | undefined {
  const units = truths.flatMap(({ solves, passRate }) => {
    const values = solves.flatMap((solve) => of(solve) ?? []);
    return values.length === 0 ? [] : [{ values, passRate }];
  });
  if (units.length === 0) return undefined;
  // Every seed's estimate by itself: a mean over seeds would know more than a single search does.
  const correlation = (sample: readonly (typeof units)[number][]): number => {
    const pairs = sample.flatMap(({ values, passRate }) => values.map((value) => [value, passRate] as const));
    return spearman(
      pairs.map(([value]) => value),
      pairs.map(([, passRate]) => passRate),
    );
  };
  // Of single samples: each is right or not, so their share p leaves p(1 - p) beside the estimate's own error.
  const brier = units.map(({ values, passRate }) =>
    mean(values.map((value) => (value - passRate) ** 2 + passRate * (1 - passRate))),
  );
  const pairs = units.flatMap(({ values, passRate }) =>
    values.map((predicted) => ({ predicted, observed: passRate })),
  );
  return {
    name,
    rankCorrelation: bootstrap(units, correlation, createRng("bench difficulty")),
    brier: isRate ? mean(brier) : null,
    ece: isRate ? eceOf(pairs.map((pair) => ({ ...pair, weight: 1 / pairs.length }))) : null,
    bins: isRate ? binsOf(pairs) : [],
  };
}

/** Rows of the report from scored candidates. */
import { createRng } from "#shared/rng.js";
import { auc, type Interval } from "#shared/stats.js";
import { isLabelled } from "#train/swift/solution-source.js";
import type { Candidate, TestProblem } from "./candidates.js";
import { bestOf, type Chooser, first, majority, oracle, voteOf } from "./choosers.js";
import type { AucRow, ChoiceRow, Pick } from "./report.js";
import { createResampler } from "./resampler.js";
import type { Scorer } from "./scorers.js";

const COUNTS = [1, 2, 4, 8, 16, 32, 64];

/** Numbers of candidates to choose among: powers of two up to what was sampled. */
export function countsUpTo(problems: readonly TestProblem[]): number[] {
  const least = Math.min(...problems.map(({ candidates }) => candidates.length));
  return COUNTS.filter((n) => n <= least);
}

const labelled = ({ candidates }: TestProblem): readonly Candidate[] =>
  candidates.filter(({ label }) => isLabelled(label));

const aucOf = (candidates: readonly Candidate[], { score }: Scorer): number | undefined =>
  auc(
    candidates.map(score),
    candidates.map(({ label }) => label === "right"),
  );

/** Problems with right and wrong solutions. */
export const mixedOf = (problems: readonly TestProblem[]): TestProblem[] =>
  problems.filter((problem) => new Set(labelled(problem).map(({ label }) => label)).size === 2);

export function withinProblem(
  problems: readonly TestProblem[],
  scorer: Scorer,
  seed: number,
): Interval | undefined {
  const values = mixedOf(problems).map((problem) => aucOf(labelled(problem), scorer)!);
  return values.length === 0 ? undefined : createResampler(values.length, createRng(seed, "auc"))(values);
}

export function aucRows(
  problems: readonly TestProblem[],
  scorers: readonly Scorer[],
  seed: number,
): AucRow[] {
  return scorers.map((scorer) => ({
    score: scorer.name,
    overall: aucOf(problems.flatMap(labelled), scorer),
    withinProblem: withinProblem(problems, scorer, seed),
  }));
}

interface Method {
  readonly score: string;
  readonly pick: Pick;
  readonly choose: Chooser;
}

function methodsOf(scorers: readonly Scorer[]): Method[] {
  return [
    { score: "", pick: "first", choose: first },
    { score: "", pick: "majority", choose: majority },
    ...scorers.flatMap((scorer): Method[] => [
      { score: scorer.name, pick: "best", choose: bestOf(scorer) },
      { score: scorer.name, pick: "vote", choose: voteOf(scorer) },
    ]),
    { score: "", pick: "oracle", choose: oracle },
  ];
}

/** Every way to choose, for every number of candidates. */
export function choiceRows(
  problems: readonly TestProblem[],
  scorers: readonly Scorer[],
  counts: readonly number[],
  seed: number,
): ChoiceRow[] {
  const interval = createResampler(problems.length, createRng(seed, "choice"));
  const hitsOf = (choose: Chooser, n: number): number[] =>
    problems.map(({ candidates }) => choose(candidates.slice(0, n)));
  const base = new Map(counts.map((n) => [n, hitsOf(majority, n)]));
  return methodsOf(scorers).flatMap(({ score, pick, choose }) =>
    counts.map((n) => {
      const hits = hitsOf(choose, n);
      const against = base.get(n)!;
      return {
        score,
        pick,
        n,
        accuracy: interval(hits),
        againstMajority: interval(hits.map((hit, i) => hit - against[i]!)),
      };
    }),
  );
}

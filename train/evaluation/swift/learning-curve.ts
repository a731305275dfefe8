/** What a head gains from more training problems. The smaller sets are parts of the larger ones. */
import { createRng, shuffled } from "#shared/rng.js";
import { labelsOf, type RolloutProblem } from "#train/swift/rollout-records.js";
import { type ScoreTable, toTestProblems } from "./candidates.js";
import { bestOf, voteOf } from "./choosers.js";
import { type HeadVariant, isNotTrainable, type RecordedSet, rewardTable, trainVariant } from "./heads.js";
import type { CurvePoint } from "./report.js";
import { createResampler } from "./resampler.js";
import { withinProblem } from "./rows.js";
import { recordedScorer } from "./scorers.js";

export interface CurveOptions {
  /** Candidates to choose among. */
  readonly candidates: number;
  readonly seed: number;
}

/** The training problems of a point. */
export function partOf({ records, features }: RecordedSet, problems: number, seed: number): RecordedSet {
  return { records: shuffled(records, createRng(seed, "curve")).slice(0, problems), features };
}

/** Trains and measures a head; too few problems are a point too, that says why. */
export async function trainPoint(
  part: RecordedSet,
  test: RecordedSet,
  variant: HeadVariant,
  options: CurveOptions,
  signal: AbortSignal,
): Promise<CurvePoint> {
  try {
    const trained = await trainVariant(part, variant, signal);
    const table = await rewardTable(test, variant.reads, trained, signal);
    return measurePoint(part.records, test.records, variant.name, table, options);
  } catch (error) {
    if (!isNotTrainable(error)) throw error;
    return { ...pointOf(part.records, variant.name), failed: error.message };
  }
}

/** The point of a head whose rewards are known. */
export function measurePoint(
  training: readonly RolloutProblem[],
  test: readonly RolloutProblem[],
  head: string,
  table: ScoreTable,
  { candidates, seed }: CurveOptions,
): CurvePoint {
  const problems = toTestProblems(test, { [head]: table });
  const scorer = recordedScorer(head, "reward");
  const interval = createResampler(problems.length, createRng(seed, "choice"));
  const accuracy = (choose: ReturnType<typeof bestOf>) =>
    interval(problems.map((problem) => choose(problem.candidates.slice(0, candidates))));
  const within = withinProblem(problems, scorer, seed);
  return {
    ...pointOf(training, head),
    ...(within !== undefined && { withinProblem: within }),
    best: accuracy(bestOf(scorer)),
    vote: accuracy(voteOf(scorer)),
  };
}

function pointOf(training: readonly RolloutProblem[], head: string): CurvePoint {
  const { right, wrong } = labelsOf(training);
  return { head, problems: training.length, right, wrong };
}

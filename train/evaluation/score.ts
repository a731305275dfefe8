/** Turns recorded rollouts into a pool that every baseline can be answered from. */
import { prmScore, type PrmHead } from "#verifier/score/prm/head.js";
import { swiftForward, type SwiftWeights } from "#verifier/score/swift/head.js";
import { canonicalAnswer } from "#verifier/answer/canonical.js";
import { extractAnswer } from "#verifier/answer/extract.js";
import { scalarReward } from "#train/swift/scalars.js";
import type { PooledProblem, Rollout } from "./pool.js";
import type { RecordedProblem, RecordedSolution } from "./records.js";

export interface PoolScorers {
  readonly prm: PrmHead;
  /** The probe outputs in the records must be this head's two. */
  readonly swift: SwiftWeights;
  /** Over scalars alone. */
  readonly scalars: SwiftWeights;
}

const all = (
  solution: RecordedSolution,
  pick: (step: RecordedSolution["steps"][number]) => readonly number[],
): number[] => solution.steps.flatMap((step) => pick(step));

function projections({ steps }: RecordedSolution): number[] {
  return steps.flatMap((step) => [...step.probeOutputs]);
}

export function toRollout(solution: RecordedSolution, { prm, swift, scalars }: PoolScorers): Rollout {
  const logProbs = all(solution, (step) => step.logProbs);
  const entropies = all(solution, (step) => step.entropies);
  const sumLogProb = logProbs.reduce((sum, value) => sum + value, 0);
  const extracted = solution.finished ? extractAnswer(solution.text) : undefined;
  return {
    answer: extracted === undefined ? undefined : canonicalAnswer(extracted.text),
    correct: solution.correct,
    tokenCount: logProbs.length,
    sumLogProb,
    meanLogProb: sumLogProb / logProbs.length,
    minLogProb: Math.min(...logProbs),
    meanEntropy: entropies.reduce((sum, value) => sum + value, 0) / entropies.length,
    readerSumLogProb: solution.read.at(-1)?.pathSumLogProb ?? 0,
    prm: solution.read.map((step) => prmScore(prm, step.features)),
    swift: swiftForward(swift, projections(solution)),
    scalars: scalarReward(scalars, logProbs, entropies),
  };
}

export function toPool(records: readonly RecordedProblem[], scorers: PoolScorers): PooledProblem[] {
  return records.map(({ problem, solutions }) => ({
    id: problem.id,
    level: problem.level,
    rollouts: solutions.map((solution) => toRollout(solution, scorers)),
  }));
}

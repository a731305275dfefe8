/**
 * Test solutions as candidates of a choice. Everything that only samples (first, majority, Best-of-N, weighted votes) is
 * answered from one recorded set, so that all methods see the same candidates.
 */
import { canonicalAnswer } from "#verifier/answer/canonical.js";
import { extractAnswer } from "#verifier/answer/extract.js";
import type { Label } from "#train/swift/grade.js";
import type { RolloutProblem, RolloutSolution } from "#train/swift/rollout-records.js";

export interface Candidate {
  /** Canonical answer; undefined when the text did not finish or holds none: nobody votes for it. */
  readonly answer: string | undefined;
  readonly label: Label;
  readonly tokens: number;
  /** ln p of the solution under the policy. */
  readonly sumLogProb: number;
  /** Mean over tokens of the entropy in nats of the distribution each was drawn from. */
  readonly meanEntropy: number;
  /** By scorer: what heads and reward models say. */
  readonly scores: Readonly<Record<string, number>>;
}

export interface TestProblem {
  readonly id: string;
  /** In the order in which they were sampled. */
  readonly candidates: readonly Candidate[];
}

/** What a scorer gave each solution: [problem][solution]. Of an unfinished one it is not looked at. */
export type ScoreTable = readonly (readonly number[])[];

export function toTestProblems(
  records: readonly RolloutProblem[],
  scores: Readonly<Record<string, ScoreTable>>,
): TestProblem[] {
  return records.map(({ id, solutions }, problem) => ({
    id,
    candidates: solutions.map((solution, index) => ({
      ...candidateOf(solution),
      scores: Object.fromEntries(
        Object.entries(scores).map(([name, table]) => [name, table[problem]![index]!]),
      ),
    })),
  }));
}

function candidateOf({ text, finished, label, log_probs, entropies }: RolloutSolution) {
  const found = finished ? extractAnswer(text) : undefined;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    answer: found === undefined ? undefined : canonicalAnswer(found.text),
    label,
    tokens: log_probs.length,
    sumLogProb: sum(log_probs),
    meanEntropy: sum(entropies) / Math.max(1, entropies.length),
  };
}

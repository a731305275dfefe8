/**
 * How hard a problem is for the policy, from the first handful of samples: an estimate of pass@1, the chance that one
 * sample is right, without knowing the right answer.
 */
import type { Candidate } from "../search/types.js";

export type VerifierStrength = "strong" | "weak";

export interface Difficulty {
  /** Estimate of pass@1, in [0, 1]. */
  readonly passRate: number;
  /** Estimate of the share of samples that give the commonest answer, in [0, 1]. */
  readonly agreement: number;
  /** Mean score, a sample that did not finish counting 0; undefined when nothing was scored. */
  readonly meanScore: number | undefined;
}

/**
 * Agreement: the share of equal pairs estimates the sum of p_i^2 without bias, and its root the largest p_i; all different
 * gives 0, where the share of the commonest answer would say 1/4 of four. A strong verifier's mean score is itself an
 * estimate of pass@1, and the better one: samples may agree on an answer that the verifier knows to be wrong, and differ
 * where one of them is right. A weak verifier is not asked.
 * `samples`: how many were drawn, those that did not finish included; they agree with nothing.
 */
export function estimateDifficulty(
  candidates: readonly Candidate[],
  samples: number,
  strength: VerifierStrength,
): Difficulty {
  const agreement = agreementOf(candidates, samples);
  const scores = candidates.map((candidate) => candidate.score).filter((score) => score !== undefined);
  const meanScore = scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / samples;
  const trusted = strength === "strong" ? meanScore : undefined;
  return { passRate: trusted ?? agreement, agreement, meanScore };
}

/** See `estimateDifficulty`. In [0, 1]; `samples` as there. */
export function agreementOf(candidates: readonly Pick<Candidate, "answer">[], samples: number): number {
  // One sample says nothing about agreement.
  if (samples < 2) return 0.5;
  const counts = new Map<string, number>();
  for (const { answer } of candidates) if (answer !== "") counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const equalPairs = [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  return Math.sqrt(equalPairs / ((samples * (samples - 1)) / 2));
}

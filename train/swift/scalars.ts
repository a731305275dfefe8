/**
 * The baseline that could embarrass a SWIFT head: the same head over the three scalars per token alone (`scalarsOf`),
 * without any hidden state.
 */
import { outputsOf, scalarsOf, swiftForward, type SwiftWeights } from "#verifier/score/swift/head.js";
import type { RolloutProblem } from "./rollout-records.js";
import { solutionSource } from "./solution-source.js";
import { HEAD_DEFAULTS, trainSwiftHead } from "./train-head.js";

/** Trained as the SWIFT head is. Throws what `trainSwiftHead` throws. */
export async function trainScalarHead(
  problems: readonly RolloutProblem[],
  seed: number,
  signal?: AbortSignal,
): Promise<SwiftWeights> {
  const source = solutionSource(problems, { input: undefined, scalars: true, span: "response" }, undefined);
  const { gate, reward } = await trainSwiftHead(source, { ...HEAD_DEFAULTS, seed }, signal);
  return { gate, reward, span: "response" };
}

/** R of a finished solution under a head over scalars alone. */
export function scalarReward(
  head: SwiftWeights,
  logProbs: readonly number[],
  entropies: readonly number[],
): number {
  const nothing = new Float64Array(outputsOf(head) * logProbs.length);
  return swiftForward(head, nothing, scalarsOf(logProbs, entropies, 0));
}

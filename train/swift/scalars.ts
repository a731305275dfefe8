/**
 * The baseline that could embarrass a SWIFT head: the same head over three numbers per token instead of all hidden
 * states: the token's log-probability, the entropy it was drawn from, and the entropy after it.
 */
import { type SwiftWeights as HeadWeights, swiftForward } from "#verifier/score/swift/head.js";
import type { Engine } from "#generator/engine/types.js";
import type { RecordedSolution } from "#train/evaluation/records.js";
import { recordRollouts } from "#train/evaluation/records.js";
import { headProblems, HEAD } from "./main.js";
import { type SwiftWeights, trainSwiftHead } from "./train-head.js";

export const SCALARS = 3;

/** [tokens, 3] */
export function scalarStates({ steps }: Pick<RecordedSolution, "steps">): Float32Array {
  const logProbs = steps.flatMap((step) => step.logProbs);
  const entropies = steps.flatMap((step) => step.entropies);
  // After the last token nothing is drawn any more.
  return Float32Array.from({ length: SCALARS * logProbs.length }, (_, at) => {
    const token = Math.floor(at / SCALARS);
    return [logProbs[token], entropies[token], entropies[token + 1] ?? 0][at % SCALARS]!;
  });
}

/** R of a solution under a head over scalars. */
export function scalarReward(solution: Pick<RecordedSolution, "steps">, weights: SwiftWeights): number {
  const states = scalarStates(solution);
  const projections: number[] = [];
  for (let at = 0; at < states.length; at += SCALARS) {
    let [gate, reward] = [0, 0];
    for (let i = 0; i < SCALARS; i++) {
      gate += weights.gate[i]! * states[at + i]!;
      reward += weights.reward[i]! * states[at + i]!;
    }
    projections.push(gate, reward);
  }
  return swiftForward(ungatedRows(weights), projections);
}

/** Biases alone: the products are done by the caller. */
function ungatedRows({ gateBias, rewardBias }: SwiftWeights): HeadWeights {
  const row = (bias: number) => ({ weights: new Float32Array(0), scalars: new Float32Array(0), bias });
  return { gate: row(gateBias), reward: row(rewardBias), span: "response" };
}

/** Trained as the SWIFT head is, on rollouts of training problems. */
export async function trainScalarHead(
  engine: Engine,
  options: {
    readonly problems: number;
    readonly rollouts: number;
    readonly maxTokens: number;
    readonly seed: number;
  },
  signal: AbortSignal,
): Promise<SwiftWeights> {
  const { problems, rollouts, maxTokens, seed } = options;
  const sampling = { count: rollouts, seed, maxTokens, temperature: 1 };
  const records = await recordRollouts(engine, headProblems(problems, seed), sampling, signal);
  const examples = records.flatMap(({ solutions }, problem) =>
    solutions
      .filter((solution) => solution.finished)
      .map((solution) => {
        const states = scalarStates(solution);
        return { states, tokenCount: states.length / SCALARS, correct: solution.correct, problem };
      }),
  );
  return trainSwiftHead(examples, { width: SCALARS, seed, ...HEAD }).weights;
}

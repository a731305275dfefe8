/** Trains the SWIFT head of a policy: rollouts through the engine, states by an identity probe, labels by the checker. */
import type { Engine } from "#generator/engine/types.js";
import { generateProblem, type Problem } from "#train/problems/generate.js";
import { identityProbe, type RecordedSolution, recordRollouts } from "#train/evaluation/records.js";
import { writeSwiftHead } from "#verifier/score/swift/head-file.js";
import { type SwiftExample, type SwiftTrained, trainSwiftHead } from "./train-head.js";

export interface TrainSwiftOptions {
  readonly problems: number;
  readonly rollouts: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Where the head goes. */
  readonly out: string;
  readonly onProgress: (done: number, total: number) => void;
}

/** Adam's rate and patience of the reference (arXiv 2505.12225), its rate scaled to our narrower states. */
export const HEAD = {
  learningRate: 1e-3,
  weightDecay: 1e-5,
  maxEpochs: 40,
  patience: 5,
  batchSize: 16,
} as const;

/** Problems whose seed no other training uses; the levels take turns. */
export function headProblems(count: number, seed: number): Problem[] {
  return Array.from({ length: count }, (_, i) => generateProblem({ level: (i % 6) + 1 }, "train", seed, i));
}

/** The states of all tokens of a solution, closing token included. */
export function statesOf(solution: RecordedSolution, width: number): Float32Array {
  const tokens = solution.steps.reduce((sum, step) => sum + step.tokenIds.length, 0);
  const states = new Float32Array(tokens * width);
  let at = 0;
  for (const { probeOutputs } of solution.steps) {
    states.set(probeOutputs, at);
    at += probeOutputs.length;
  }
  return states;
}

export async function trainSwift(
  engine: Engine,
  options: TrainSwiftOptions,
  signal: AbortSignal,
): Promise<SwiftTrained> {
  const { info } = engine;
  const width = info.hiddenSize * info.hiddenStateCount;
  const problems = headProblems(options.problems, options.seed);
  const records = await recordRollouts(
    engine,
    problems,
    {
      count: options.rollouts,
      seed: options.seed,
      maxTokens: options.maxTokens,
      temperature: 1,
      probes: [identityProbe(info.modelHash, width)],
      onProgress: options.onProgress,
    },
    signal,
  );
  const examples: SwiftExample[] = records.flatMap(({ solutions }, problem) =>
    solutions
      .filter((solution) => solution.finished)
      .map((solution) => {
        const states = statesOf(solution, width);
        return { states, tokenCount: states.length / width, correct: solution.correct, problem };
      }),
  );
  const trained = trainSwiftHead(examples, { width, seed: options.seed, ...HEAD });
  const { gate, reward, gateBias, rewardBias } = trained.weights;
  const right = examples.filter((example) => example.correct).length;
  await writeSwiftHead(options.out, {
    input: {
      kind: "hidden",
      layers: Array.from({ length: info.hiddenStateCount }, (_, i) => i),
      finalNorm: false,
    },
    span: "response",
    gate: { weights: gate, scalars: new Float32Array(0), bias: gateBias },
    reward: { weights: reward, scalars: new Float32Array(0), bias: rewardBias },
    provenance: {
      modelHash: info.modelHash,
      precision: info.precision,
      adapter: "",
      chatTemplateHash: "",
      sampling: { temperature: 1, topP: 1, minP: 0, repetitionPenalty: 1 },
    },
    training: `${problems.length} problems x ${options.rollouts} rollouts, seed ${options.seed}; ${right} of ${examples.length} right; best epoch ${trained.epochs}, validation loss ${trained.validationLoss.toFixed(4)}`,
  });
  return trained;
}

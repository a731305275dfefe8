/** Rollouts of the policy with everything a scorer may read: the raw material of heads and of evaluations. */
import type { Engine, Probe } from "#generator/engine/types.js";
import type { Problem } from "#train/problems/generate.js";
import { checkSteps, isCorrect } from "#train/problems/check.js";
import { type ReadStep, type Reader, readSolution } from "#train/prm/read-solution.js";
import {
  mapConcurrently,
  type RolloutOptions,
  type SampledSolution,
  sampleProblem,
} from "#train/rollouts.js";
import { promptText } from "#train/tokenizer/tokenizer-json.js";

export interface RecordedSolution extends SampledSolution {
  readonly correct: boolean;
  /** Exact: every line up to and with this one is right. One entry per step. */
  readonly stepsRight: readonly boolean[];
  /** The reader's view of each step; empty without a reader. */
  readonly read: readonly ReadStep[];
}

export interface RecordedProblem {
  readonly problem: Problem;
  readonly solutions: readonly RecordedSolution[];
  /** By solution and step: the share of sampled completions from there that end right; undefined where none were. */
  readonly completionRates: readonly (readonly (number | undefined)[])[];
}

export interface RecordOptions extends RolloutOptions {
  readonly reader?: Reader;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Problems in flight: enough rows to fill the engine's batches. */
const WIDTH = 4;

export async function recordRollouts(
  engine: Engine,
  problems: readonly Problem[],
  options: RecordOptions,
  signal: AbortSignal,
): Promise<RecordedProblem[]> {
  let done = 0;
  return mapConcurrently(problems, WIDTH, async (problem, index) => {
    const sampled = await sampleProblem(
      engine,
      problem.problem,
      { ...options, seed: options.seed + index },
      signal,
    );
    const solutions: RecordedSolution[] = [];
    for (const solution of sampled.solutions) {
      const lines = solution.steps.map((step) => step.text);
      const { reader } = options;
      const read = reader === undefined ? [] : await readProblem(reader, problem, lines);
      const correct = solution.finished && isCorrect(problem, solution.text);
      const stepsRight = checkSteps(
        problem,
        lines.map((line) => line.trimEnd()),
      );
      solutions.push({ ...solution, correct, stepsRight, read });
    }
    const rate = (nodeId: number): number | undefined => {
      const texts = sampled.completions.get(nodeId);
      return texts && texts.filter((text) => text !== "" && isCorrect(problem, text)).length / texts.length;
    };
    options.onProgress?.(++done, problems.length);
    const completionRates = sampled.solutions.map(({ steps }) => steps.map((step) => rate(step.nodeId)));
    return { problem, solutions, completionRates };
  });
}

async function readProblem(reader: Reader, problem: Problem, lines: readonly string[]): Promise<ReadStep[]> {
  const promptIds = reader.checkpoint.tokenizer.encode(promptText(problem), { addSpecialTokens: true });
  return readSolution(reader, promptIds, lines);
}

/** A probe whose outputs are the hidden states themselves. */
export function identityProbe(modelHash: string, width: number): Probe {
  const weights = new Float32Array(width * width);
  for (let i = 0; i < width; i++) weights[i * width + i] = 1;
  return { name: "states", input: "hidden", modelHash, weights, shape: [width, width] };
}

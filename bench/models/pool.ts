/** The recorded pools behind the model cards: fresh test problems, rollouts of the policy, every scorer's view. */
import type { Engine } from "#generator/engine/types.js";
import { readPrmFiles } from "#verifier/score/prm/head-file.js";
import { readSwiftHead } from "#verifier/score/swift/head-file.js";
import { toProbe } from "#verifier/score/swift/probe.js";
import type { SwiftWeights } from "#verifier/score/swift/head.js";
import { generateProblem, type Problem } from "#train/problems/generate.js";
import { mean } from "#shared/stats.js";
import { recordRollouts } from "#train/evaluation/records.js";
import { toPool } from "#train/evaluation/score.js";
import type { PooledProblem } from "#train/evaluation/pool.js";
import { openReader } from "#train/open-models.js";
import { PRM_DIR, SWIFT_FILE } from "#train/paths.js";
import { toRecord } from "#train/swift/rollout-records.js";
import { trainScalarHead } from "#train/swift/scalars.js";
import { trainingProblems } from "#train/swift/training-problems.js";
import { sampleProblem, mapConcurrently } from "#train/rollouts.js";
import { isCorrect } from "#train/problems/check.js";
import type { Progress } from "../progress.js";

/** Longer than any gold solution; what runs on is lost. */
export const MAX_SOLUTION_TOKENS = 120;

/** What search samples with unless told otherwise. */
export const TEMPERATURE = 0.8;

export function testProblems(levels: readonly number[], perLevel: number, seed: number): Problem[] {
  return levels.flatMap((level) =>
    Array.from({ length: perLevel }, (_, i) => generateProblem({ level }, "test", seed, i)),
  );
}

export async function buildPool(
  engine: Engine,
  problems: readonly Problem[],
  options: { readonly count: number; readonly seed: number; readonly threads: number },
  progress: Progress,
  signal: AbortSignal,
): Promise<PooledProblem[]> {
  const [{ head: prm }, swift] = [await readPrmFiles(PRM_DIR), await readSwiftHead(SWIFT_FILE)];
  const reader = await openReader(PRM_DIR, options.threads);
  const probe = toProbe(swift, engine.info);
  try {
    const scalars = await scalarHead(engine, options.seed, signal);
    const records = await recordRollouts(
      engine,
      problems,
      {
        count: options.count,
        seed: options.seed,
        maxTokens: MAX_SOLUTION_TOKENS,
        temperature: TEMPERATURE,
        probes: [probe],
        reader,
        onProgress: progress,
      },
      signal,
    );
    return toPool(records, { prm, swift, scalars });
  } finally {
    await reader.model.dispose();
  }
}

/** Trained on rollouts of training problems, sampled as the pool is. */
async function scalarHead(engine: Engine, seed: number, signal: AbortSignal): Promise<SwiftWeights> {
  const options = { count: 8, seed, maxTokens: MAX_SOLUTION_TOKENS, temperature: TEMPERATURE };
  const records = await recordRollouts(engine, trainingProblems(300, seed), options, signal);
  const rollouts = records.map(({ problem, solutions }) => toRecord(problem, solutions));
  return trainScalarHead(rollouts, seed, signal);
}

/** Share of right greedy answers by level, easiest first. */
export async function greedyByLevel(
  engine: Engine,
  problems: readonly Problem[],
  signal: AbortSignal,
): Promise<number[]> {
  const options = { count: 1, seed: 0, maxTokens: MAX_SOLUTION_TOKENS, temperature: 0 };
  const hits = await mapConcurrently(problems, 16, async (problem) => {
    const { solutions } = await sampleProblem(engine, problem.problem, options, signal);
    return { level: problem.level, hit: Number(isCorrect(problem, solutions[0]!.text)) };
  });
  const levels = [...new Set(hits.map((each) => each.level))];
  return levels.map((level) => mean(hits.filter((each) => each.level === level).map((each) => each.hit)));
}

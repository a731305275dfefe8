/**
 * Samples and grades solutions of many problems through the running engine, several problems at a time so that its
 * batches are full. Each problem is kept on disk as soon as it is done, so that a run can be interrupted and gone on with;
 * what a problem's solutions are depends on the seed and the problem's place only.
 */
import { join } from "node:path";
import type { Engine, Sampling } from "#generator/engine/types.js";
import { ServiceError } from "#shared/errors.js";
import { type FileProblem, hashProblems } from "#train/problem-files/problem-file.js";
import { mapConcurrently, sampleProblem } from "#train/rollouts.js";
import type { SwiftSampling } from "#verifier/score/swift/head-file.js";
import { openJsonLines } from "../files.js";
import { parseRollouts, type RolloutProblem, toRecord } from "./rollout-records.js";
import { openWorkDir } from "../work-dir.js";

export interface SwiftRolloutOptions {
  /** Solutions per problem. */
  readonly rollouts: number;
  /** Tokens of one solution at most; a longer one is unfinished, as is one that the context ends. */
  readonly maxTokens: number;
  readonly sampling: SwiftSampling;
  readonly seed: number;
  /** Where `run.json` and `rollouts.jsonl` are. */
  readonly directory: string;
  /** Problems that are done, those of an earlier run included. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rows to aim at in a batch, and problems that may wait for their prompts at most. */
const ROWS = 64;
const MAX_PROBLEMS_IN_FLIGHT = 16;

/** What search samples with (`services/verifier/plan/planner.ts`). */
export const SEARCH_TEMPERATURE = 0.8;

/** The model's own sampling at search's temperature, with what the caller says. */
export function swiftSampling(defaults: Sampling, asked: Partial<SwiftSampling>): SwiftSampling {
  const { topK, topP, minP, repetitionPenalty } = { ...defaults, ...asked };
  return {
    temperature: asked.temperature ?? SEARCH_TEMPERATURE,
    ...(topK !== undefined && { topK }),
    topP,
    minP,
    repetitionPenalty,
  };
}

/**
 * The problems in their order, each with its solutions.
 * @throws ServiceError `failed_precondition` when the directory has work of other settings, what the engine throws (with
 * the problem's id where it does not fit the context), the signal's reason.
 */
export async function recordSwiftRollouts(
  engine: Engine,
  problems: readonly FileProblem[],
  options: SwiftRolloutOptions,
  signal: AbortSignal,
): Promise<RolloutProblem[]> {
  const { directory, rollouts, onProgress } = options;
  await openWorkDir(directory, settingsOf(engine, problems, options));
  const path = join(directory, "rollouts.jsonl");
  const { lines, file } = await openJsonLines(path);
  // When one problem fails, the others that are under way stop too.
  const stopping = new AbortController();
  const running = AbortSignal.any([signal, stopping.signal]);
  try {
    const done = new Map(lines.map((line) => parseRollouts(line, path)).map((each) => [each.id, each]));
    const width = Math.min(MAX_PROBLEMS_IN_FLIGHT, Math.max(2, Math.ceil(ROWS / rollouts)));
    if (done.size > 0) onProgress?.(done.size, problems.length);
    return await mapConcurrently(problems, width, async (problem, index) => {
      const earlier = done.get(problem.id);
      if (earlier !== undefined) return earlier;
      running.throwIfAborted();
      const record = await sampleOne(engine, problem, { ...options, seed: options.seed + index }, running);
      await file.append(record);
      done.set(problem.id, record);
      onProgress?.(done.size, problems.length);
      return record;
    });
  } finally {
    stopping.abort();
    await file.close();
  }
}

/** What the rollouts depend on. */
function settingsOf(
  { info }: Engine,
  problems: readonly FileProblem[],
  { rollouts, maxTokens, sampling, seed }: SwiftRolloutOptions,
) {
  const { modelHash, precision } = info;
  const set = { count: problems.length, sha256: hashProblems(problems) };
  return {
    model_hash: modelHash,
    precision,
    chat_template_hash: info.chatTemplateHash,
    problems: set,
    rollouts,
    max_tokens: maxTokens,
    sampling,
    seed,
  };
}

async function sampleOne(
  engine: Engine,
  problem: FileProblem,
  { rollouts: count, maxTokens, sampling, seed }: SwiftRolloutOptions,
  signal: AbortSignal,
): Promise<RolloutProblem> {
  const { temperature, ...others } = sampling;
  const options = { count, maxTokens, temperature, sampling: others, seed };
  try {
    const { solutions } = await sampleProblem(engine, problem.problem, options, signal);
    return toRecord(problem, solutions);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "invalid_argument") throw error;
    throw new ServiceError("invalid_argument", `problem ${problem.id}: ${error.message}`, error.details, {
      cause: error,
    });
  }
}

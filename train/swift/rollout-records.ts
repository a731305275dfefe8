/** Sampled and graded solutions as lines of `rollouts.jsonl`: what heads are trained and measured on. */
import { z } from "zod";
import { ServiceError } from "#shared/errors.js";
import type { FileProblem } from "#train/problem-files/problem-file.js";
import type { SampledSolution } from "#train/rollouts.js";
import { grade, LABELS, type LabelCounts, countLabels } from "./grade.js";

const solutionShape = z.object({
  token_ids: z.array(z.int().min(0)),
  text: z.string(),
  /** Ended by itself, not by a limit. */
  finished: z.boolean(),
  label: z.enum(LABELS),
  /** ln p of each token under the model itself. */
  log_probs: z.array(z.number()),
  /** Nats; of the distribution each token was drawn from. */
  entropies: z.array(z.number()),
});

const problemShape = z.object({
  id: z.string(),
  problem: z.string(),
  answer: z.string(),
  level: z.number().optional(),
  solutions: z.array(solutionShape),
});

export type RolloutSolution = z.infer<typeof solutionShape>;
export type RolloutProblem = z.infer<typeof problemShape>;

/** @throws ServiceError `failed_precondition` when the line is not one of ours. */
export function parseRollouts(line: unknown, path: string): RolloutProblem {
  const parsed = problemShape.safeParse(line);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ServiceError(
    "failed_precondition",
    `${path} must hold rollouts, but a line has no valid ${issue!.path.join(".")}: delete the directory and begin again`,
  );
}

export function toRecord(problem: FileProblem, solutions: readonly SampledSolution[]): RolloutProblem {
  return {
    id: problem.id,
    problem: problem.problem,
    answer: problem.answer,
    ...(problem.level !== undefined && { level: problem.level }),
    solutions: solutions.map((solution) => ({
      token_ids: solution.steps.flatMap((step) => step.tokenIds),
      text: solution.text,
      finished: solution.finished,
      label: grade(solution, problem.answer),
      log_probs: solution.steps.flatMap((step) => step.logProbs),
      entropies: solution.steps.flatMap((step) => step.entropies),
    })),
  };
}

export const labelsOf = (problems: readonly RolloutProblem[]): LabelCounts =>
  countLabels(problems.flatMap(({ solutions }) => solutions.map(({ label }) => label)));

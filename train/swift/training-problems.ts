/** Problems of the shipped generator for training heads on. */
import { generateProblem, type Problem } from "#train/problems/generate.js";

/** Of the training split, from a stream of their own; the levels take turns. */
export function trainingProblems(count: number, seed: number): Problem[] {
  return Array.from({ length: count }, (_, i) => generateProblem({ level: (i % 6) + 1 }, "train", seed, i));
}

/**
 * Features of a step for the PRM's head: statistics of the log-probabilities that a reader gives to the policy's
 * tokens. A reader stronger than the policy is surprised by wrong steps; how surprised, and where, is what counts
 * (a slip in arithmetic shows in the result's digits, so these have a feature of their own).
 * Pure, so that the trainer computes exactly what the service does. Their order is part of the head's file format.
 */
import type { TokenStats } from "./token-stats.js";

export const FEATURE_NAMES = [
  "step_min_log_prob",
  "step_sum_log_prob",
  "step_mean_log_prob",
  "step_max_entropy",
  "step_mean_entropy",
  "result_min_log_prob",
  "path_sum_log_prob",
  "path_min_log_prob",
  "path_steps",
] as const;

export const FEATURE_COUNT = FEATURE_NAMES.length;

/** What a path remembers of the steps on it. */
export interface PathStats {
  readonly sumLogProb: number;
  /** 0 for a path without steps: the log-prob of certainty. */
  readonly minLogProb: number;
  readonly steps: number;
}

export const EMPTY_PATH: PathStats = { sumLogProb: 0, minLogProb: 0, steps: 0 };

/**
 * Index of the first token of the step's result: the first after the last "=", or 0 (the whole step) when there is no
 * "=" or nothing but white space and punctuation follows it. `pieces` are the texts of the single tokens.
 */
export function resultStart(pieces: readonly string[]): number {
  const equals = pieces.findLastIndex((piece) => piece.includes("="));
  if (equals < 0) return 0;
  const piece = pieces[equals]!;
  // A token such as "=7" holds the sign and the result's first digit.
  const start = hasContent(piece.slice(piece.lastIndexOf("=") + 1)) ? equals : equals + 1;
  return hasContent(pieces.slice(start).join("")) ? start : 0;
}

/** Whether there is a letter or a digit. */
function hasContent(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** The path after a step. `tokens` holds at least one token. */
export function extendPath(path: PathStats, tokens: readonly TokenStats[]): PathStats {
  let { sumLogProb, minLogProb } = path;
  for (const { logProb } of tokens) {
    sumLogProb += logProb;
    minLogProb = Math.min(minLogProb, logProb);
  }
  return { sumLogProb, minLogProb, steps: path.steps + 1 };
}

/** [FEATURE_COUNT] in the order of FEATURE_NAMES, for a step of at least one token; `path` includes the step. */
export function stepFeatures(
  tokens: readonly TokenStats[],
  resultIndex: number,
  path: PathStats,
): Float64Array {
  let min = 0;
  let sum = 0;
  let maxEntropy = 0;
  let sumEntropy = 0;
  let resultMin = 0;
  for (const [index, { logProb, entropy }] of tokens.entries()) {
    min = Math.min(min, logProb);
    sum += logProb;
    maxEntropy = Math.max(maxEntropy, entropy);
    sumEntropy += entropy;
    if (index >= resultIndex) resultMin = Math.min(resultMin, logProb);
  }
  const count = tokens.length;
  return Float64Array.of(
    min,
    sum,
    sum / count,
    maxEntropy,
    sumEntropy / count,
    resultMin,
    path.sumLogProb,
    path.minLogProb,
    path.steps,
  );
}

/**
 * The strategy table as data: which search buys the most accuracy for a policy of this size, a verifier of this strength
 * and a problem of this difficulty. The shipped rows follow Liu et al. 2025 (figures 7-11, as their author summarised
 * them) and Snell et al. 2024: strong policies sample, small ones search, and the hardest problems deserve a way out.
 */
import type { StrategyName } from "../search/types.js";
import type { VerifierStrength } from "./difficulty.js";

export type PolicySize = "<7B" | "7B-32B" | ">32B";
/** By estimated pass@1, absolute: at least 0.5, 0.1 to 0.5, below 0.1. */
export type DifficultyBin = "easy" | "medium" | "hard";

export interface TableRow {
  readonly strategy: StrategyName;
  /**
   * Candidates of the runs that may follow the first samples, one after the other. Between them the search looks whether
   * it can stop: samples when the posterior is decided, step search when the confidence is good.
   */
  readonly runs: readonly number[];
  /** After a run whose best finished score is below this, nothing more is tried. */
  readonly giveUpBelow?: number;
}

/** Kept paths are sampled four times, as in every published recipe. */
export const TABLE_BEAM_WIDTH = 4;
/** Samples that estimate the difficulty; they stay candidates. */
export const FIRST_SAMPLES = 4;

export function policySize(parameterCount: number): PolicySize {
  return parameterCount < 7e9 ? "<7B" : parameterCount <= 32e9 ? "7B-32B" : ">32B";
}

export function difficultyBin(passRate: number): DifficultyBin {
  return passRate >= 0.5 ? "easy" : passRate >= 0.1 ? "medium" : "hard";
}

const BIN_NAME: Readonly<Record<DifficultyBin, string>> = {
  easy: "pass@1 >= 0.5",
  medium: "pass@1 0.1-0.5",
  hard: "pass@1 < 0.1",
};

/** A verifier that believes none of the finished candidates more than not gives a wider search nothing to build on. */
const HOPELESS = 0.5;

const STRONG: Readonly<Record<PolicySize, Readonly<Record<DifficultyBin, TableRow>>>> = {
  "<7B": {
    easy: { strategy: "best_of_n", runs: [4, 8] },
    medium: { strategy: "beam", runs: [16, 64] },
    hard: { strategy: "beam", runs: [64, 256], giveUpBelow: HOPELESS },
  },
  "7B-32B": {
    easy: { strategy: "dvts", runs: [16] },
    medium: { strategy: "dvts", runs: [64] },
    hard: { strategy: "beam", runs: [64], giveUpBelow: HOPELESS },
  },
  ">32B": {
    easy: { strategy: "best_of_n", runs: [4, 8] },
    medium: { strategy: "best_of_n", runs: [4, 8, 16, 32] },
    hard: { strategy: "best_of_n", runs: [12, 48], giveUpBelow: HOPELESS },
  },
};

/** Searching with a verifier that errs is worse than a plain vote, whatever the policy. */
const WEAK: Readonly<Record<DifficultyBin, TableRow>> = {
  easy: { strategy: "majority", runs: [4, 8] },
  medium: { strategy: "best_of_n", runs: [4, 8] },
  hard: { strategy: "best_of_n", runs: [4] },
};

/** The row for these features, and its name for the reply. */
export function lookUp(
  parameterCount: number,
  strength: VerifierStrength,
  passRate: number,
): { row: TableRow; name: string } {
  const bin = difficultyBin(passRate);
  if (strength === "weak") return { row: WEAK[bin], name: `weak verifier, ${BIN_NAME[bin]}` };
  const size = policySize(parameterCount);
  return { row: STRONG[size][bin], name: `policy ${size}, ${BIN_NAME[bin]}` };
}

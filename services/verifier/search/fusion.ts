/**
 * How two reward models' scores become one order (arXiv 2505.12225, as its reference implementation has it). Both ways
 * compare the members of a group: the unfinished paths of a round, or all finished candidates. SWIFT's score is its raw
 * reward R, the PRM's its probability. Pure.
 */
import type { StepScorer } from "../ports.js";

/**
 * `rank`: each score is ranked, descending from 0; the worse of the two ranks counts and the smallest wins.
 * `scaled`: each score is scaled to [0, 1] by the group's smallest and largest; the mean of the two counts.
 */
export type Fusion = "rank" | "scaled";

export interface ScorePair {
  readonly swift: number;
  readonly prm: number;
}

export function fusionOf(verifier: StepScorer["name"]): Fusion | undefined {
  return verifier === "rank" || verifier === "scaled" ? verifier : undefined;
}

/**
 * One value per member, in [0, 1], higher is better: (n - r) / n for rank r of n, so that ranks can weigh votes, or
 * the scaled mean. Members stand in the order in which ties are to be broken: of equal scores the first has the better
 * rank, and of equal values the caller takes the first. A member without scores is compared with nobody.
 */
export function fuse(fusion: Fusion, members: readonly (ScorePair | undefined)[]): (number | undefined)[] {
  const pairs = members.filter((member) => member !== undefined);
  const columns = [pairs.map(({ swift }) => swift), pairs.map(({ prm }) => prm)] as const;
  const values = fusion === "rank" ? byRank(...columns) : byScale(...columns);
  let next = 0;
  return members.map((member) => (member === undefined ? undefined : values[next++]));
}

function byRank(swift: readonly number[], prm: readonly number[]): number[] {
  const [ours, theirs] = [rankScores(swift), rankScores(prm)];
  return ours.map((rank, i) => (ours.length - Math.max(rank, theirs[i]!)) / ours.length);
}

function byScale(swift: readonly number[], prm: readonly number[]): number[] {
  const theirs = scaleScores(prm);
  return scaleScores(swift).map((score, i) => (score + theirs[i]!) / 2);
}

/** Rank of each score, 0 for the highest; equal ones in the order given. */
export function rankScores(scores: readonly number[]): number[] {
  const best = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const ranks: number[] = [];
  for (const [rank, i] of best.entries()) ranks[i] = rank;
  return ranks;
}

/** 0 for the lowest, 1 for the highest, and 1 for all when all are equal. */
export function scaleScores(scores: readonly number[]): number[] {
  const lowest = Math.min(...scores);
  const range = Math.max(...scores) - lowest;
  return scores.map((score) => (range === 0 ? 1 : (score - lowest) / range));
}

/**
 * Particle filtering (Puri et al. 2025, arXiv 2502.01618): n particles take a step each, are weighed by the verifier, and
 * as many are drawn anew in proportion to their weights. A weight is the odds of the score (the paper's softmax of its
 * logit), of the path as it now stands and not of the step alone. What a verifier misjudges keeps a chance, where a beam
 * loses it for good.
 *
 * Unlike in the paper a finished particle is not drawn again: it keeps its slot and votes. Drawing it would copy its text,
 * which the vote weighs by its score already, or drop it for a path that nobody has seen finish.
 */
import { fusionOf } from "./fusion.js";
import type { RankedPath } from "./ranking.js";
import type { StepStrategy } from "./strategy.js";

/** Scores end here on both sides, as in the authors' its_hub, so that no odds are infinite. */
const LEAST_CHANCE = 1e-7;

export const particleFiltering: StepStrategy = {
  name: "particle_filtering",
  scored: true,
  until: "step",
  usesBeamWidth: false,
  groups: (plan) => [plan.n],
  select: (ranked, { plan, slots, depth, rng }) => {
    // Fused values compare the round's paths with each other; they are weights already, as they are in the vote.
    const weigh = fusionOf(plan.verifier) === undefined ? oddsOf : chanceOf;
    const particles = ranked.map(({ value, copies }) => ({ weight: weigh(value), copies }));
    const temperature = temperatureFor(particles, depth, slots < plan.n);
    const weights = particles.map(({ weight, copies }) => copies * weight ** (1 / temperature));
    return resample(slots, weights, rng.next());
  },
};

function chanceOf(value: RankedPath["value"]): number {
  return Math.min(1 - LEAST_CHANCE, Math.max(LEAST_CHANCE, value ?? 0));
}

function oddsOf(value: RankedPath["value"]): number {
  const chance = chanceOf(value);
  return chance / (1 - chance);
}

interface Particle {
  readonly weight: number;
  readonly copies: number;
}

/** Of the particles; below it few of them hold nearly all the weight. */
const LEAST_EFFECTIVE_SHARE = 0.5;
/** Only the first half of a solution is softened. */
const EARLY = 0.5;
/** T_max, for want of a better one: the problems of GSM8K take 2 to 8 steps (Cobbe et al. 2021). */
const EXPECTED_DEPTH = 8;

/**
 * By how much the weights are softened, w^(1/T): its_hub's annealing by effective sample size. T = (N / ESS)(1 - t / T_max)
 * while ESS / N is small and the solution young, 1 otherwise: first scores say least and would decide most.
 *
 * T_max is the number of steps, which nobody knows beforehand, and the caller's limit is far beyond what solutions take.
 * So it is a guess, until the first particle finishes: the others have as many steps then, and count as old.
 */
export function temperatureFor(particles: readonly Particle[], depth: number, hasFinished: boolean): number {
  const progress = hasFinished ? 1 : depth / EXPECTED_DEPTH;
  const count = sumOf(particles.map(({ copies }) => copies));
  const share = effectiveSize(particles) / count;
  if (progress >= EARLY || share >= LEAST_EFFECTIVE_SHARE) return 1;
  return Math.max(1, (1 - progress) / share);
}

/** ESS: (Σw)² / Σw², from 1 when one particle has all the weight to their number when they weigh the same. */
export function effectiveSize(particles: readonly Particle[]): number {
  const sum = sumOf(particles.map(({ weight, copies }) => copies * weight));
  const squares = sumOf(particles.map(({ weight, copies }) => copies * weight ** 2));
  return sum ** 2 / squares;
}

/**
 * Systematic resampling: `slots` places at equal distances, all shifted by one draw in [0, 1), on a line on which each
 * particle is as long as its weight. The mean count of each is its share of the slots, and no count is a whole one off it:
 * the least noise that a draw in proportion can have.
 */
export function resample(slots: number, weights: readonly number[], draw: number): number[] {
  const total = sumOf(weights);
  let end = 0;
  let placed = 0;
  return weights.map((weight) => {
    end += weight;
    const before = placed;
    // Places at draw, draw + 1, ... that lie before the particle's end.
    placed = Math.max(0, Math.ceil(slots * (end / total) - draw));
    return placed - before;
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

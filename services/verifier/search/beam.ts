import { type StepStrategy, spread } from "./strategy.js";

/**
 * Beam search in the form of Snell et al. 2024 and of the HF recipe: N = `n` candidates per round, the best N / M are kept
 * and sampled M = `beamWidth` times each.
 *
 * Candidates with equal texts are one path, expanded once, with the children of all of them that are kept: on the shipped
 * pair this finds more than spreading the freed children over what scored worse.
 *
 * A finished candidate keeps its slot among the N: with F finished, the next round has N - F candidates and keeps
 * (N - F) / M paths. So N candidates vote in the end and nothing is generated beyond them. (The HF code refills to N
 * however many have finished and then votes over the first N, which favours short solutions; Liu et al. shrink the kept
 * paths instead and vote over N / M.)
 */
export const beam: StepStrategy = {
  name: "beam",
  scored: true,
  until: "step",
  usesBeamWidth: true,
  groups: (plan) => [plan.n],
  select: (ranked, { slots, plan }) => spread(slots, Math.ceil(slots / plan.beamWidth), ranked),
};

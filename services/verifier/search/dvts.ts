import { beam } from "./beam.js";
import type { StepStrategy } from "./strategy.js";

/**
 * Diverse verifier tree search (Beeching et al. 2024): n / M independent subtrees, each a beam of M that keeps its single
 * best path; all finished candidates of all subtrees vote together. Subtrees never compete and never wait for each other.
 */
export const dvts: StepStrategy = {
  name: "dvts",
  scored: true,
  until: "step",
  usesBeamWidth: true,
  groups: (plan) => Array.from({ length: plan.n / plan.beamWidth }, () => plan.beamWidth),
  select: beam.select,
};

import type { SamplingStrategy } from "./strategy.js";

/** n independent solutions; the most frequent answer wins (self-consistency, Wang et al. 2022). Costs no verifier tokens. */
export const majority: SamplingStrategy = {
  name: "majority",
  scored: false,
  until: "end",
  groups: (plan) => [plan.n],
};

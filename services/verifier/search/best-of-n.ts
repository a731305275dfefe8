import type { SamplingStrategy } from "./strategy.js";

/** n independent solutions, scored step by step while they are written; the scores decide the vote. */
export const bestOfN: SamplingStrategy = {
  name: "best_of_n",
  scored: true,
  until: "end",
  groups: (plan) => [plan.n],
};

import type { SamplingStrategy, StepStrategy } from "./strategy.js";

/** n independent solutions, scored step by step while they are written; the scores decide the vote. */
export const bestOfN: SamplingStrategy = {
  name: "best_of_n",
  scored: true,
  until: "end",
  groups: (plan) => [plan.n],
};

/** The same where weak ones are rejected on the way: every candidate that is left goes on as one. */
export const bestOfNByStep: StepStrategy = {
  ...bestOfN,
  until: "step",
  usesBeamWidth: false,
  select: (ranked) => ranked.map(({ copies }) => copies),
};

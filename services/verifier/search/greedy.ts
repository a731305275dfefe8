import type { SamplingStrategy } from "./strategy.js";

/** One solution at temperature 0; the verifier only says how far to trust it. */
export const greedy: SamplingStrategy = {
  name: "greedy",
  scored: true,
  until: "end",
  groups: () => [1],
};

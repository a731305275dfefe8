/** The strategies by name. Adding one is one file and one line. */
import { beam } from "./beam.js";
import { bestOfN, bestOfNByStep } from "./best-of-n.js";
import { dvts } from "./dvts.js";
import { earlyRejection } from "./early-rejection.js";
import { greedy } from "./greedy.js";
import { majority } from "./majority.js";
import { particleFiltering } from "./particle-filtering.js";
import { rebase } from "./rebase.js";
import type { Strategy } from "./strategy.js";
import type { SearchPlan, StrategyName } from "./types.js";

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  greedy,
  majority,
  best_of_n: bestOfN,
  beam,
  dvts,
  early_rejection: earlyRejection,
  rebase,
  particle_filtering: particleFiltering,
};

/** Whether the verifier reads what the strategy grows; AUTO's runs may be of any kind. */
export const isScored = (name: StrategyName | "auto"): boolean => name === "auto" || strategies[name].scored;

/** Whether paths are kept and branched step by step; else every row runs to its end. */
export const isStepSearch = (name: StrategyName): boolean => strategies[name].until === "step";

/** How a plan is run. */
export function strategyOf({
  strategy,
  rejectBelow,
}: Pick<SearchPlan, "strategy" | "rejectBelow">): Strategy {
  return strategy === "best_of_n" && rejectBelow > 0 ? bestOfNByStep : strategies[strategy];
}

/** Whether `beamWidth` means something; n is a multiple of it then. */
export function usesBeamWidth(name: StrategyName): boolean {
  const strategy = strategies[name];
  return strategy.until === "step" && strategy.usesBeamWidth;
}

/** The strategies by name. Adding one is one file and one line. */
import { beam } from "./beam.js";
import { bestOfN } from "./best-of-n.js";
import { dvts } from "./dvts.js";
import { earlyRejection } from "./early-rejection.js";
import { greedy } from "./greedy.js";
import { majority } from "./majority.js";
import type { Strategy } from "./strategy.js";
import type { StrategyName } from "./types.js";

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  greedy,
  majority,
  best_of_n: bestOfN,
  beam,
  dvts,
  early_rejection: earlyRejection,
};

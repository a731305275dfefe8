/**
 * A strategy at a mean cost that none of its arms has: a coin toss per problem between the two arms around it. Its mean
 * cost is the budget and its accuracy the mean of both, weighted; anybody could run it.
 */
import type { Arm } from "./arm.js";
import type { Unit } from "./report/report.js";

export interface Mixture {
  readonly parts: readonly { readonly arm: Arm; readonly share: number }[];
  /** False: the strategy cannot spend as much, and this is its largest arm. */
  readonly spendsBudget: boolean;
}

/** Undefined when the strategy has no arm as cheap as that. */
export function mixtureAt(arms: readonly Arm[], unit: Unit, budget: number): Mixture | undefined {
  const ordered = arms.toSorted((a, b) => a.cost[unit] - b.cost[unit]);
  const above = ordered.findIndex((arm) => arm.cost[unit] > budget);
  const below = above === -1 ? ordered.at(-1) : ordered[above - 1];
  if (below === undefined) return undefined;
  const cost = below.cost[unit];
  if (above === -1 || cost === budget)
    return { parts: [{ arm: below, share: 1 }], spendsBudget: cost === budget };
  const next = ordered[above]!;
  const share = (budget - cost) / (next.cost[unit] - cost);
  return {
    parts: [
      { arm: below, share: 1 - share },
      { arm: next, share },
    ],
    spendsBudget: true,
  };
}

/** The chance that a problem is answered right. */
export function accuracyOf({ parts }: Mixture, id: string): number {
  return parts.reduce((sum, { arm, share }) => sum + share * arm.accuracy.get(id)!, 0);
}

export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** The smallest value that, with all below it, has a share of at least `q` of the weight. */
export function weightedQuantile(values: readonly Weighted[], q: number): number {
  const ordered = values.toSorted((a, b) => a.value - b.value);
  const total = ordered.reduce((sum, { weight }) => sum + weight, 0);
  let reached = 0;
  for (const { value, weight } of ordered) {
    reached += weight;
    // Sums of shares round.
    if (reached >= q * total * (1 - 1e-12)) return value;
  }
  return ordered.at(-1)?.value ?? Number.NaN;
}

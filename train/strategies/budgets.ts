/**
 * What the budgets are in each unit. A budget of tokens means other FLOPs and seconds for every strategy, so that of FLOPs
 * or seconds is what majority voting, which needs no verifier, pays on average for those tokens.
 */
import type { Arm } from "./arm.js";
import type { Unit } from "./report/report.js";

/** `tokens`: ascending. Between majority's arms costs are linear, as those of a mixture of both are. */
export function budgetsOf(
  majority: readonly Arm[],
  tokens: readonly number[],
): Record<Unit, readonly number[]> {
  const priced = (unit: Unit): number[] => tokens.map((budget) => costAt(majority, unit, budget));
  return { tokens, flops: priced("flops"), seconds: priced("seconds") };
}

function costAt(arms: readonly Arm[], unit: Unit, tokens: number): number {
  const known = arms.map(({ cost }) => cost).toSorted((a, b) => a.tokens - b.tokens);
  const above = known.findIndex((cost) => cost.tokens >= tokens);
  // Beyond the arms at the rate of the nearest one.
  const nearest = above === -1 ? known.at(-1)! : known[above]!;
  if (above <= 0) return (tokens * nearest[unit]) / nearest.tokens;
  const below = known[above - 1]!;
  const share = (tokens - below.tokens) / (nearest.tokens - below.tokens);
  return below[unit] + share * (nearest[unit] - below[unit]);
}

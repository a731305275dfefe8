/** Budgets that the table has tiers for, in tokens of both models. */
const TOKENS = Array.from({ length: 18 }, (_, i) => 2 ** i);

/**
 * Those that the recorded searches can tell apart, by the mean tokens of the cheapest and the dearest: below the one
 * nothing comes to its end, and above twice the other nothing more is known. At least one.
 */
export const budgetsFor = (cheapest: number, dearest: number): number[] =>
  TOKENS.filter((tokens) => tokens >= cheapest && tokens < 2 * dearest);

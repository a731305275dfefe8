/** Budgets that the table has tiers for, in tokens of both models. */
const TOKENS = [128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];

/** Those that the recorded searches can tell apart: above twice the dearest nothing more is known. At least one. */
export const budgetsFor = (dearest: number): number[] =>
  TOKENS.filter((tokens, i) => i === 0 || tokens < 2 * dearest);

/** A problem that any PRM for mathematics must judge rightly, for directories that bring no pair of their own. */
import type { SelfCheck } from "../head-file.js";

const PROBLEM =
  "Tom has 3 boxes with 12 pencils each. He gives away 10 pencils. How many pencils does he have left?";
const GOOD = [
  "The 3 boxes hold 3 * 12 = 36 pencils.",
  "After giving away 10 pencils, Tom has 36 - 10 = 26 pencils left. The answer is: 26",
];
const BAD = [
  "The 3 boxes hold 3 + 12 = 15 pencils.",
  "After giving away 10 pencils, Tom has 15 + 10 = 20 pencils left. The answer is: 20",
];

/** `word` writes a step in the family's style; `number` counts from 1. */
export function easyPair(word: (text: string, number: number) => string = (text) => text): SelfCheck {
  const wordAll = (steps: readonly string[]): string[] => steps.map((text, index) => word(text, index + 1));
  return { problem: PROBLEM, good: wordAll(GOOD), bad: wordAll(BAD) };
}

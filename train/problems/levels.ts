/** How hard each level is. The only place to tune the numbers; see models/README.md for what the policy makes of them. */
import { invalidField } from "#shared/errors.js";

export interface Level {
  readonly level: number;
  /** Arithmetic lines in a gold solution. */
  readonly operations: number;
  /** Largest quantity a story starts with. */
  readonly maxStart: number;
  /** Largest number added or subtracted at once. */
  readonly maxOperand: number;
  /** Largest factor of a product, and largest divisor. */
  readonly maxFactor: number;
  /** Largest result of any line. */
  readonly maxResult: number;
}

export const LEVELS: readonly Level[] = [
  { level: 1, operations: 1, maxStart: 20, maxOperand: 20, maxFactor: 6, maxResult: 100 },
  { level: 2, operations: 2, maxStart: 30, maxOperand: 25, maxFactor: 7, maxResult: 150 },
  { level: 3, operations: 3, maxStart: 40, maxOperand: 30, maxFactor: 8, maxResult: 200 },
  { level: 4, operations: 4, maxStart: 50, maxOperand: 40, maxFactor: 9, maxResult: 300 },
  { level: 5, operations: 5, maxStart: 50, maxOperand: 50, maxFactor: 9, maxResult: 400 },
  { level: 6, operations: 6, maxStart: 60, maxOperand: 60, maxFactor: 9, maxResult: 500 },
];

/** The row of `level`; invalid_argument when there is none. */
export function levelOf(level: number): Level {
  const row = LEVELS.find((candidate) => candidate.level === level);
  if (row === undefined)
    throw invalidField(
      "level",
      `must be one of ${LEVELS.map((each) => each.level).join(", ")}, got ${level}`,
    );
  return row;
}

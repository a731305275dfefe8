/** The slips that people and small models make in a line of arithmetic, and how work goes on from a wrong value. */
import type { Rng } from "#shared/rng.js";
import { type Equation, type Operator, evaluate } from "./equation.js";

export const SLIPS = ["digit", "carry", "operation", "operand", "skip"] as const;
export type Slip = (typeof SLIPS)[number];

/** The equation with the values that the lines above really gave. */
export function withResults(equation: Equation, results: readonly number[]): Equation {
  const { operator, leftFrom, rightFrom } = equation;
  const left = leftFrom === undefined ? equation.left : results[leftFrom]!;
  const right = rightFrom === undefined ? equation.right : results[rightFrom]!;
  return { ...equation, left, right, result: evaluate(left, operator, right) };
}

/** The equation as it stands after a slip; undefined when that slip cannot happen in it. */
export function slipIn(
  equation: Equation,
  slip: Slip,
  equations: readonly Equation[],
  rng: Rng,
): Equation | undefined {
  switch (slip) {
    case "digit":
      return wrongDigit(equation, rng);
    case "carry":
      return lostCarry(equation);
    case "operation":
      return wrongOperation(equation);
    case "operand":
      return wrongOperand(equation, equations, rng);
    case "skip":
      // Whoever forgets a product goes on with "how many each", whoever forgets another line with the old quantity.
      return { ...equation, result: equation.operator === "*" ? equation.right : equation.left };
    default:
      return slip satisfies never;
  }
}

/** One digit of the result off by one or two. */
function wrongDigit(equation: Equation, rng: Rng): Equation | undefined {
  const digits = String(equation.result);
  const at = rng.int(digits.length);
  const digit = Number(digits[at]) + [-2, -1, 1, 2][rng.int(4)]!;
  const smallest = at === 0 && digits.length > 1 ? 1 : 0;
  if (digit < smallest || digit > 9) return undefined;
  return { ...equation, result: Number(digits.slice(0, at) + digit + digits.slice(at + 1)) };
}

/** Ten too few in a sum or product that carries, ten too many in a difference that borrows. */
function lostCarry(equation: Equation): Equation | undefined {
  const [left, right] = [equation.left % 10, equation.right % 10];
  const carries: Record<Operator, boolean> = {
    "+": left + right >= 10,
    "-": left < right,
    "*": left * right >= 10,
    "/": false,
  };
  if (!carries[equation.operator]) return undefined;
  return { ...equation, result: equation.result + (equation.operator === "-" ? 10 : -10) };
}

const CONFUSED: Readonly<Record<Operator, Operator>> = { "+": "-", "-": "+", "*": "+", "/": "-" };

function wrongOperation(equation: Equation): Equation {
  const operator = CONFUSED[equation.operator];
  return { ...equation, operator, result: evaluate(equation.left, operator, equation.right) };
}

/** A number of another sentence, or one next to the right one. */
function wrongOperand(equation: Equation, equations: readonly Equation[], rng: Rng): Equation | undefined {
  const elsewhere = equations.filter((each) => each.rightFrom === undefined).map((each) => each.right);
  const candidates = [...elsewhere, equation.right - 1, equation.right + 1];
  const right = candidates[rng.int(candidates.length)]!;
  if (right < 1 || right === equation.right) return undefined;
  return { ...equation, right, result: evaluate(equation.left, equation.operator, right) };
}

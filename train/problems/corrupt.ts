/**
 * Seeded wrong solutions, wrong as people and small models are: one slip, then consistent work from the wrong value to a
 * wrong answer. They label steps without rollouts, for training and for tests of a verifier.
 */
import { type Rng, createRng } from "#shared/rng.js";
import { checkSteps } from "./check.js";
import { type Equation, type Operator, evaluate, formatAnswer, formatEquation } from "./equation.js";
import type { Problem } from "./generate.js";

export const SLIPS = ["digit", "carry", "operation", "operand", "skip"] as const;
export type Slip = (typeof SLIPS)[number];

export interface Corruption {
  readonly slip: Slip;
  readonly text: string;
  readonly steps: readonly string[];
  /** Per line, by the exact checker: true up to the slip, false from it on. The last is always false. */
  readonly labels: readonly boolean[];
}

const MAX_TRIES = 50;
/** Results of a line stay below this; a slip that leads beyond is drawn again. */
const RESULT_BOUND = 1000;

/** A wrong solution of `problem`: the same for the same problem and seed. */
export function corruptSolution(problem: Problem, seed: number): Corruption {
  const rng = createRng("corrupt", seed, problem.id);
  for (let i = 0; i < MAX_TRIES; i++) {
    const slip = SLIPS[rng.int(SLIPS.length)]!;
    const steps = workFrom(problem.equations, rng.int(problem.equations.length), slip, rng);
    if (steps !== undefined && steps.at(-1) !== formatAnswer(problem.answer))
      return label(problem, slip, steps);
  }
  // A wrong digit in the last result spoils every answer.
  const last = problem.equations.at(-1)!;
  const wrong = last.result + 1;
  const steps = [
    ...problem.steps.slice(0, -2),
    formatEquation({ ...last, result: wrong }),
    formatAnswer(wrong),
  ];
  return label(problem, "digit", steps);
}

function label(problem: Problem, slip: Slip, steps: readonly string[]): Corruption {
  return { slip, steps, text: steps.join("\n"), labels: checkSteps(problem, steps) };
}

/** The solution with a slip in equation `at`, or undefined when that slip cannot happen there or leads out of range. */
function workFrom(equations: readonly Equation[], at: number, slip: Slip, rng: Rng): string[] | undefined {
  const results: number[] = [];
  const steps: string[] = [];
  for (const [i, gold] of equations.entries()) {
    const equation = withResults(gold, results);
    const written = i === at ? slipIn(equation, slip, equations, rng) : equation;
    if (written === undefined || written.result < 0 || written.result >= RESULT_BOUND) return undefined;
    results.push(written.result);
    if (i !== at || slip !== "skip") steps.push(formatEquation(written));
  }
  steps.push(formatAnswer(results.at(-1)!));
  return steps;
}

/** The equation with the values that the lines above really gave. */
function withResults(equation: Equation, results: readonly number[]): Equation {
  const { operator, leftFrom, rightFrom } = equation;
  const left = leftFrom === undefined ? equation.left : results[leftFrom]!;
  const right = rightFrom === undefined ? equation.right : results[rightFrom]!;
  return { ...equation, left, right, result: evaluate(left, operator, right) };
}

function slipIn(
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

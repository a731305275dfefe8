/**
 * Seeded wrong solutions, wrong as people and small models are: one slip, then consistent work from the wrong value to a
 * wrong answer. They label steps without rollouts, for training and for tests of a verifier.
 */
import { type Rng, createRng } from "#shared/rng.js";
import { checkSteps } from "./check.js";
import { type Equation, formatAnswer, formatEquation } from "./equation.js";
import type { Problem } from "./generate.js";
import { type Slip, slipIn, SLIPS, withResults } from "./slips.js";

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

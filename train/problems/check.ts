/**
 * The exact checker: what a verifier would say if it knew everything. A line is right when it is one of the problem's
 * equations, not written before, and everything it needs stands above it; so a product that the text already gives may
 * be worked out early, and sums and products may be written either way round.
 */
import { type Equation, commutes, formatAnswer, formatEquation } from "./equation.js";
import type { Problem } from "./generate.js";

type Checkable = Pick<Problem, "equations" | "answer">;

/** One verdict per line of a solution. After the first wrong line every line is wrong: it stands on a wrong value. */
export function checkSteps(problem: Checkable, lines: readonly string[]): boolean[] {
  const done = new Set<number>();
  const verdicts: boolean[] = [];
  for (const line of lines) verdicts.push((verdicts.at(-1) ?? true) && checkNext(problem, done, line));
  return verdicts;
}

/** Whether `step` is right after `previousSteps`; false when one of those is wrong. */
export function checkStep(problem: Checkable, previousSteps: readonly string[], step: string): boolean {
  return checkSteps(problem, [...previousSteps, step]).at(-1)!;
}

/** Whether `text` ends in the right answer, whatever stands above it. */
export function isCorrect(problem: Pick<Problem, "answer">, text: string): boolean {
  return text.trimEnd().split("\n").at(-1) === formatAnswer(problem.answer);
}

/** Whether `line` is right after the equations in `done`, all of them right; adds its own. */
function checkNext({ equations, answer }: Checkable, done: Set<number>, line: string): boolean {
  // The answer comes when all equations stand there and takes the place after the last.
  const index =
    done.size < equations.length
      ? equations.findIndex((equation, i) => !done.has(i) && isNext(equation, line, done))
      : done.size === equations.length && line === formatAnswer(answer)
        ? equations.length
        : -1;
  if (index >= 0) done.add(index);
  return index >= 0;
}

function isNext(equation: Equation, line: string, done: ReadonlySet<number>): boolean {
  const ready = [equation.leftFrom, equation.rightFrom].every((from) => from === undefined || done.has(from));
  if (!ready) return false;
  if (line === formatEquation(equation)) return true;
  const { left, operator, right, result } = equation;
  return commutes(operator) && line === formatEquation({ left: right, operator, right: left, result });
}

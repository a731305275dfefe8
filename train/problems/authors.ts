/**
 * The same problem as several authors would solve it, of unequal reliability. Who writes shows in the first lines and
 * decides how far to trust the rest, so a model of such texts carries the author along: a reason why its hidden states
 * may tell right from wrong, which a corpus of one perfect author gives it none for.
 */
import { type Rng, createRng } from "#shared/rng.js";
import { type Equation, formatAnswer, formatEquation } from "./equation.js";
import type { Problem } from "./generate.js";
import { slipIn, withResults } from "./slips.js";

/** Writes every line | works most lines out in the head and is right | forgets lines and mistakes operations. */
export const AUTHORS = ["careful", "hasty", "careless"] as const;
export type Author = (typeof AUTHORS)[number];

/** Share of the documents. */
const SHARES: Readonly<Record<Author, number>> = { careful: 0.45, hasty: 0.3, careless: 0.25 };
/** Of the hasty author's lines, those that stay in the head. */
const IN_THE_HEAD = 0.6;
/** Of the careless author's lines, those that go wrong: half are forgotten, half have the wrong operation. */
const CARELESS = 0.5;
/** A careless text whose numbers leave the range of all others is written again. */
const RESULT_BOUND = 1000;
const MAX_TRIES = 20;

export interface AuthoredSolution {
  readonly author: Author;
  /** Lines; the last is `#### ANSWER`. */
  readonly steps: readonly string[];
}

/** A solution by an author drawn at random: the same for the same problem and seed. */
export function authoredSolution(problem: Problem, seed: number): AuthoredSolution {
  const rng = createRng("author", seed, problem.id);
  const author = drawAuthor(rng);
  return { author, steps: solveAs(author, problem, rng) };
}

function drawAuthor(rng: Rng): Author {
  let left = rng.next();
  return AUTHORS.find((author) => (left -= SHARES[author]) < 0) ?? "careful";
}

function solveAs(author: Author, problem: Problem, rng: Rng): readonly string[] {
  if (author === "careful") return problem.steps;
  if (author === "hasty") {
    const answer = problem.steps.length - 1;
    return problem.steps.filter((_, i) => i === answer || rng.next() >= IN_THE_HEAD);
  }
  for (let i = 0; i < MAX_TRIES; i++) {
    const steps = workCarelessly(problem.equations, rng);
    if (steps !== undefined) return steps;
  }
  return problem.steps;
}

/** Undefined when a result leaves the range. */
function workCarelessly(equations: readonly Equation[], rng: Rng): string[] | undefined {
  const results: number[] = [];
  const steps: string[] = [];
  for (const gold of equations) {
    const equation = withResults(gold, results);
    const draw = rng.next();
    const slip = draw >= CARELESS ? undefined : draw < CARELESS / 2 ? "skip" : "operation";
    const written = slip === undefined ? equation : slipIn(equation, slip, equations, rng)!;
    if (written.result < 0 || written.result >= RESULT_BOUND) return undefined;
    results.push(written.result);
    if (slip !== "skip") steps.push(formatEquation(written));
  }
  return [...steps, formatAnswer(results.at(-1)!)];
}

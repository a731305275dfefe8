/**
 * The seeded generator of worded arithmetic problems. A problem's arithmetic decides which split it belongs to, so no
 * training problem has the quantities and operations of a test problem, whatever the seeds and the wording.
 */
import { ServiceError, invalidField } from "#shared/errors.js";
import { type Rng, createRng } from "#shared/rng.js";
import { canonicalText, drawChain } from "./chain.js";
import { type Equation, formatAnswer, formatEquation } from "./equation.js";
import { LEVELS, levelOf } from "./levels.js";
import { narrate } from "./narrate.js";

export type Split = "train" | "validation" | "test";

export interface Problem {
  readonly id: string;
  /** The worded problem. */
  readonly problem: string;
  /** Decimal text of the final quantity. */
  readonly answer: string;
  readonly level: number;
  /** The arithmetic, one per line of the solution but the last. */
  readonly equations: readonly Equation[];
  /** The gold solution's lines; the last is `#### ANSWER`. */
  readonly steps: readonly string[];
  /** The lines joined by newlines; no newline at the end. */
  readonly solution: string;
}

export interface ProblemSpec {
  /** 1 to 6. When absent it is drawn by `mixture`. */
  readonly level?: number;
  /** Weight of each level, easiest first; even when absent. */
  readonly mixture?: readonly number[];
}

/** One in ten arithmetics belongs to the test split and one to validation; a chain is drawn until it fits. */
const MAX_DRAWS = 2000;
/** Longer stories are told again with other numbers: attention pays for every word. */
const MAX_WORDS = 56;

/** Problem number `index` of stream `seed`: the same for the same arguments, on every machine. */
export function generateProblem(spec: ProblemSpec, split: Split, seed: number, index: number): Problem {
  const rng = createRng("problems", split, seed, spec.level ?? "mixed", index);
  const level = levelOf(spec.level ?? drawLevel(spec.mixture, rng));
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const { events, equations } = drawChain(level, rng);
    if (splitOf(equations) !== split) continue;
    const problem = narrate(events, rng);
    if (problem.split(" ").length > MAX_WORDS) continue;
    const answer = String(equations.at(-1)!.result);
    const steps = [...equations.map(formatEquation), formatAnswer(answer)];
    const id = `${split}-${seed}-${spec.level === undefined ? "mixed" : `l${level.level}`}-${index}`;
    return { id, problem, answer, level: level.level, equations, steps, solution: steps.join("\n") };
  }
  throw new ServiceError("internal", `no ${split} problem of level ${level.level} in ${MAX_DRAWS} draws`);
}

/** Problems 0, 1, ... without end. */
export function* generateProblems(spec: ProblemSpec, split: Split, seed: number): Generator<Problem, never> {
  for (let index = 0; ; index++) yield generateProblem(spec, split, seed, index);
}

/** The split that owns this arithmetic. */
export function splitOf(equations: readonly Equation[]): Split {
  const bucket = createRng("split", canonicalText(equations)).int(10);
  return bucket === 0 ? "test" : bucket === 1 ? "validation" : "train";
}

function drawLevel(mixture: readonly number[] | undefined, rng: Rng): number {
  const weights = LEVELS.map((_, i) => (mixture === undefined ? 1 : (mixture[i] ?? 0)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0) || weights.some((weight) => weight < 0))
    throw invalidField("mixture", `must have weights >= 0 with a positive sum, got [${mixture?.join(", ")}]`);
  let left = rng.next() * total;
  const chosen = weights.findIndex((weight) => (left -= weight) < 0);
  return LEVELS[Math.max(0, chosen)]!.level;
}

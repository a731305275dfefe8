/** Fresh problems as JSONL, for training heads, for benchmarks and the command line. */
import { invalidField } from "#shared/errors.js";
import { EASY_KINDS, easyProblem } from "./easy.js";
import { generateProblem, type Split } from "./generate.js";
import { levelOf } from "./levels.js";

/** Stories that the shipped policies were made for, by level | easy questions for models that others trained, by kind. */
export type Family =
  | { readonly name: "stories"; readonly levels: readonly number[] }
  | { readonly name: "easy"; readonly kinds: readonly string[] };

export interface ProblemsRequest {
  /** How many lines in all; levels, or kinds, take turns. */
  readonly count: number;
  readonly family: Family;
  /** Splits share no arithmetic. What is reported is measured on test problems, which no training reads. */
  readonly split: Split;
  readonly seed: number;
}

/** Lines `{"id","problem","answer","level"?}` (no newline at the end), no problem twice. */
export function* problemsJsonl({ count, family, split, seed }: ProblemsRequest): Generator<string, void> {
  if (!Number.isInteger(count) || count < 1)
    throw invalidField("count", `must be an integer >= 1, got ${count}`);
  if (!Number.isSafeInteger(seed)) throw invalidField("seed", `must be an integer, got ${seed}`);
  assertFamily(family);
  const seen = new Set<string>();
  const mostDraws = DRAWS_PER_PROBLEM * count;
  for (let i = 0; seen.size < count; i++) {
    if (i === mostDraws)
      throw invalidField("count", `must be below ${seen.size + 1}: there are no more such problems`);
    const problem = draw(family, split, seed, i);
    if (seen.has(problem.problem)) continue;
    seen.add(problem.problem);
    yield JSON.stringify(problem);
  }
}

/** A small family repeats itself before it is used up. */
const DRAWS_PER_PROBLEM = 50;

function assertFamily(family: Family): void {
  if (family.name === "stories") {
    if (family.levels.length === 0) throw invalidField("levels", "must name at least one level, got none");
    for (const level of family.levels) levelOf(level);
    return;
  }
  const { kinds } = family;
  const unknown = kinds.find((kind) => !EASY_KINDS.includes(kind));
  if (kinds.length === 0 || unknown !== undefined)
    throw invalidField("kinds", `must be some of ${EASY_KINDS.join(", ")}, got ${unknown ?? "none"}`);
}

/** Draw number `index`. */
function draw(family: Family, split: Split, seed: number, index: number) {
  if (family.name === "easy")
    return easyProblem(family.kinds[index % family.kinds.length]!, split, seed, index);
  const { levels } = family;
  const spec = { level: levels[index % levels.length]! };
  const turn = Math.floor(index / levels.length);
  const { id, problem, answer, level } = generateProblem(spec, split, seed, turn);
  return { id, problem, answer, level };
}

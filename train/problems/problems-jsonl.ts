/** Fresh test problems as JSONL, for benchmarks and the command line. */
import { invalidField } from "#shared/errors.js";
import { generateProblem } from "./generate.js";
import { levelOf } from "./levels.js";

export interface ProblemsRequest {
  /** How many lines in all; the levels take turns. */
  readonly count: number;
  readonly levels: readonly number[];
  readonly seed: number;
}

/** Lines `{"id","problem","answer","level"}` (no newline at the end) from the test split, which no training reads. */
export function* problemsJsonl({ count, levels, seed }: ProblemsRequest): Generator<string, void> {
  if (!Number.isInteger(count) || count < 1)
    throw invalidField("count", `must be an integer >= 1, got ${count}`);
  if (!Number.isSafeInteger(seed)) throw invalidField("seed", `must be an integer, got ${seed}`);
  if (levels.length === 0) throw invalidField("levels", "must name at least one level, got none");
  for (const level of levels) levelOf(level);
  for (let i = 0; i < count; i++) {
    const spec = { level: levels[i % levels.length]! };
    const { id, problem, answer, level } = generateProblem(spec, "test", seed, Math.floor(i / levels.length));
    yield JSON.stringify({ id, problem, answer, level });
  }
}

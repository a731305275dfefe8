/** What a head is trained on, however it is kept: labelled solutions with the numbers of their tokens. */
import { ServiceError } from "#shared/errors.js";

export interface Example {
  /** Solutions of one problem never stand on both sides of the validation split. */
  readonly problem: number;
  readonly correct: boolean;
  /** Tokens that count, at least 1. */
  readonly tokens: number;
}

export interface ExampleSource {
  /** Numbers per token: features, and behind them the scalars. */
  readonly width: number;
  /** How many of them are scalars: 0 or SWIFT_SCALARS. */
  readonly scalars: number;
  /** Those of one problem follow each other. */
  readonly examples: readonly Example[];
  /** [tokens, width] of an example, in the beginning of a buffer that the next call overwrites. */
  read(index: number): Float32Array;
}

/** Examples in memory. `states` is [tokens, width] of each. */
export function memorySource(
  examples: readonly (Example & { readonly states: Float32Array })[],
  shape: { readonly width: number; readonly scalars: number },
): ExampleSource {
  return { ...shape, examples, read: (index) => examples[index]!.states };
}

/** The examples of some problems only. */
export function sourceOf(source: ExampleSource, problems: ReadonlySet<number>): ExampleSource {
  const kept = source.examples.flatMap(({ problem }, index) => (problems.has(problem) ? [index] : []));
  return {
    ...source,
    examples: kept.map((index) => source.examples[index]!),
    read: (index) => source.read(kept[index]!),
  };
}

/**
 * @throws ServiceError `failed_precondition` unless there are two problems at least, right and wrong solutions, and
 * tokens in each.
 */
export function assertTrainable(source: ExampleSource): void {
  const { examples } = source;
  const problems = new Set(examples.map((each) => each.problem)).size;
  if (problems < 2)
    throw refused(`at least two problems with labelled solutions, got ${problems}: give it more problems`);
  assertBothLabels(source);
  const empty = examples.find((each) => each.tokens < 1);
  if (empty !== undefined)
    throw refused(`tokens in every solution, got none in one of problem ${empty.problem}`);
}

/** @throws ServiceError `failed_precondition` when all labels are equal. */
export function assertBothLabels({ examples }: ExampleSource): void {
  const right = examples.filter((each) => each.correct).length;
  if (right === 0 || right === examples.length)
    throw refused(
      `right and wrong solutions to train on, got ${right} right of ${examples.length}: choose problems that the policy solves sometimes, and more of them`,
    );
}

/** `needed` completes "a SWIFT head needs". */
export function refused(needed: string): ServiceError {
  return new ServiceError("failed_precondition", `a SWIFT head needs ${needed}`, { reason: "NOT_TRAINABLE" });
}

/** Which problems train and which validate, and which solutions a loss looks at together. */
import { createRng, shuffled } from "#shared/rng.js";
import { type Example, type ExampleSource, refused } from "./example-source.js";
import type { Loss } from "./losses.js";

/** One problem in five validates. */
const VALIDATION_SHARE = 5;

/** Indices of examples, by problem. */
export function byProblem(examples: readonly Example[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [index, { problem }] of examples.entries()) {
    const group = groups.get(problem) ?? [];
    group.push(index);
    groups.set(problem, group);
  }
  return groups;
}

const hasBoth = (examples: readonly Example[], group: readonly number[]): boolean =>
  new Set(group.map((index) => examples[index]!.correct)).size === 2;

/** @throws ServiceError `failed_precondition`: too few problems that the loss can learn from. */
export function splitProblems({ examples }: ExampleSource, loss: Loss, seed: number) {
  const groups = byProblem(examples);
  const usable = [...groups].filter(([, group]) => !loss.needsBoth || hasBoth(examples, group));
  if (usable.length < 2)
    throw refused(
      `two problems with right and wrong solutions each for a loss that compares them, got ${usable.length}: give it more problems or use --loss bce`,
    );
  const order = shuffled(
    usable.map(([problem]) => problem),
    createRng(seed, "split"),
  );
  const held = Math.max(1, Math.floor(order.length / VALIDATION_SHARE));
  return { validation: new Set(order.slice(0, held)), training: new Set(order.slice(held)) };
}

/** Solutions whose loss is taken together: each by itself, or all of a problem. */
export function groupsOf(examples: readonly Example[], { pairwise }: Loss): number[][] {
  return pairwise ? [...byProblem(examples).values()] : examples.map((_, index) => [index]);
}

/** Groups in their order, as many as make `size` solutions at least. */
export function batchesOf(groups: readonly (readonly number[])[], size: number): (readonly number[])[][] {
  const batches: (readonly number[])[][] = [];
  let count = size;
  for (const group of groups) {
    if (count >= size) {
      batches.push([]);
      count = 0;
    }
    batches.at(-1)!.push(group);
    count += group.length;
  }
  return batches;
}

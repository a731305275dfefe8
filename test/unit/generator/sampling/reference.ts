/** The slow, obvious sampler that the fast one is held against: probabilities at every stage, everything sorted. */
import type { Sampling } from "#generator/engine/types.js";
import { PLAIN_SAMPLING } from "#generator/sampling/params.js";
import { createFilters } from "#generator/sampling/sampler.js";

export const sampling = (knobs: Partial<Sampling>): Sampling => ({ ...PLAIN_SAMPLING, ...knobs });

/** Softmax; probability 0 for -Infinity. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = values.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** What the product draws from. */
export function distribution(
  knobs: Partial<Sampling>,
  logits: readonly number[],
  seen: readonly number[] = [],
): number[] {
  const row = Float64Array.from(logits);
  for (const filter of createFilters(sampling(knobs))) filter(row, seen);
  return softmax(row);
}

/** Ids whose probability is not 0, ascending. */
export const keptOf = (probabilities: readonly number[]): number[] =>
  probabilities.flatMap((p, id) => (p > 0 ? [id] : []));

export function referenceDistribution(
  knobs: Partial<Sampling>,
  logits: readonly number[],
  seen: readonly number[] = [],
): number[] {
  const { temperature, topK, topP, minP, repetitionPenalty, order } = sampling(knobs);
  let row = logits.map((z, id) =>
    seen.includes(id) ? (z < 0 ? z * repetitionPenalty : z / repetitionPenalty) : z,
  );
  const keep = (holds: (id: number, probabilities: number[]) => boolean): void => {
    const probabilities = softmax(row);
    row = row.map((z, id) => (holds(id, probabilities) ? z : -Infinity));
  };
  const scale = (): void => {
    row = row.map((z) => z / temperature);
  };
  if (order === "temperature_first") scale();
  if (topK !== undefined) {
    const floor = row.toSorted((a, b) => b - a)[Math.min(topK, row.length) - 1]!;
    row = row.map((z) => (z >= floor ? z : -Infinity));
  }
  // A token stays while the tokens before it, in order of probability, have not reached p.
  const before = (id: number, p: readonly number[]) =>
    p.reduce((sum, other, at) => (other > p[id]! || (other === p[id] && at < id) ? sum + other : sum), 0);
  if (topP < 1) keep((id, p) => before(id, p) < topP);
  keep((id, p) => p[id]! >= minP * Math.max(...p));
  if (order === "filter_first") scale();
  return softmax(row);
}

import type { LogitSummary } from "#shared/lm/types.js";

/** What the graph says of a row of logits, the slow way and in float64. */
export function referenceSummary(
  logits: ArrayLike<number>,
  temperature: number,
  blockSize: number,
  top = 64,
): LogitSummary {
  const row = Array.from(logits);
  const ids = row.map((_, id) => id).sort((a, b) => row[b]! - row[a]! || a - b);
  const topIds = ids.slice(0, top);
  const largest = row[ids[0]!]!;
  const distances = row.map((logit) => logit - largest);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const scaled = distances.map((distance) => Math.exp(distance / temperature));
  return {
    topIds: Float32Array.from(topIds),
    topLogits: Float32Array.from(topIds, (id) => row[id]!),
    total: sum(distances.map(Math.exp)),
    weightedTotal: sum(distances.map((distance) => Math.exp(distance) * distance)),
    temperature,
    blockSize,
    blockTotals: Float32Array.from({ length: Math.ceil(row.length / blockSize) }, (_, block) =>
      sum(scaled.slice(block * blockSize, (block + 1) * blockSize)),
    ),
  };
}

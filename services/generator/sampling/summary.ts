/**
 * Drawing from a row that the model has summed up already (`LogitSummary`): a handful of tokens is looked at instead of
 * the whole vocabulary. What comes out is what the filters and `draw` give on the whole row, but for the rounding of the
 * graph's float32 sums, which may move a border of top-p or of a draw by a millionth; where the summary does not suffice,
 * the answer is undefined and the row has to be walked.
 */
import type { LogitSummary } from "#shared/lm/types.js";
import type { Rng } from "#shared/rng.js";
import { sum } from "#shared/stats.js";
import type { Sampling } from "#generator/engine/types.js";
import { type RowSummary, summarize } from "./distribution.js";

/** The summary, if it says anything: of a row that is no distribution, or has -Infinity, it does not. */
export function soundSummary(summary: LogitSummary | undefined): LogitSummary | undefined {
  return summary !== undefined && Number.isFinite(summary.weightedTotal) ? summary : undefined;
}

/** By the summary where there is a sound one, otherwise by walking the row; throws as `summarize`. */
export function describeRow(logits: Float32Array, summary: LogitSummary | undefined): RowSummary {
  const sound = soundSummary(summary);
  return sound === undefined ? summarize(logits) : describe(sound);
}

export function describe({ topLogits, total, weightedTotal }: LogitSummary): RowSummary {
  const logOfTotal = Math.log(total);
  return {
    logTotal: topLogits[0]! + logOfTotal,
    entropy: Math.max(0, logOfTotal - weightedTotal / total),
  };
}

/** Some tokens of a vocabulary: ids ascending, and the logit of each. */
export interface Shortlist {
  readonly ids: readonly number[];
  readonly logits: Float64Array;
}

/**
 * The tokens that the first filter keeps; `afterFirstCut` is what is left to do on them. Undefined without a filter, or
 * when it might keep tokens that the summary does not list.
 */
export function shorten(
  summary: LogitSummary,
  sampling: Sampling,
  vocabularySize: number,
): Shortlist | undefined {
  const { topIds, topLogits } = summary;
  const count = countFirstCut(summary, sampling);
  if (count === undefined || (count === topIds.length && count < vocabularySize)) return undefined;
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => topIds[a]! - topIds[b]!);
  return {
    ids: order.map((i) => topIds[i]!),
    logits: Float64Array.from(order, (i) => topLogits[i]!),
  };
}

/** The sampling without its first filter. */
export function afterFirstCut(sampling: Sampling): Sampling {
  const { topK, ...rest } = sampling;
  if (topK !== undefined) return rest;
  return sampling.topP < 1 ? { ...sampling, topP: 1 } : { ...sampling, minP: 0 };
}

/** How many of the listed tokens the first filter keeps; undefined without one, or when that cannot be told. */
function countFirstCut(summary: LogitSummary, sampling: Sampling): number | undefined {
  const { topK, topP, minP } = sampling;
  if (topK !== undefined) return countTopK(summary.topLogits, topK);
  if (topP < 1) return countTopP(summary, topP, filterTemperature(sampling));
  return minP > 0 ? countMinP(summary.topLogits, minP, filterTemperature(sampling)) : undefined;
}

/** The temperature under which filters see the row. */
const filterTemperature = ({ order, temperature }: Sampling): number =>
  order === "temperature_first" ? temperature : 1;

/** How many of the listed tokens are no less likely than the k-th; all of them means perhaps more. */
function countTopK(topLogits: Float32Array, k: number): number {
  const floor = topLogits[k - 1];
  if (floor === undefined) return topLogits.length;
  let count = k;
  while (count < topLogits.length && topLogits[count] === floor) count++;
  return count;
}

/** The first tokens whose probability together reaches p; see `applyTopP`. */
function countTopP(summary: LogitSummary, p: number, temperature: number): number | undefined {
  const { topLogits } = summary;
  const total = totalAt(summary, temperature);
  if (total === undefined) return undefined;
  let count = 0;
  for (let before = 0; count < topLogits.length && before < p * total; count++)
    before += Math.exp((topLogits[count]! - topLogits[0]!) / temperature);
  return count;
}

function countMinP(topLogits: Float32Array, minP: number, temperature: number): number {
  const floor = Math.log(minP);
  let count = 0;
  while (count < topLogits.length && (topLogits[count]! - topLogits[0]!) / temperature >= floor) count++;
  return count;
}

/** Sum of exp((logit - largest) / temperature), where the summary knows it. */
function totalAt({ total, temperature: known, blockTotals }: LogitSummary, temperature: number) {
  if (temperature === 1) return total;
  return temperature === known ? sum(blockTotals) : undefined;
}

/** Draws from the unfiltered row at a temperature: finds the block, then walks that alone. One number of `rng`. */
export function drawByBlock(
  logits: Float32Array,
  summary: LogitSummary,
  temperature: number,
  rng: Rng,
): number | undefined {
  const { blockTotals, blockSize, topLogits } = summary;
  if (summary.temperature !== temperature) return undefined;
  const point = rng.next() * sum(blockTotals);
  let before = 0;
  let block = 0;
  while (block < blockTotals.length - 1 && before + blockTotals[block]! <= point)
    before += blockTotals[block++]!;
  // Sums of the block's weights differ by rounding from its total; then the last token that can come is meant.
  while (block > 0 && blockTotals[block] === 0) block--;
  let last = block * blockSize;
  const end = Math.min(logits.length, last + blockSize);
  for (let id = last; id < end; id++) {
    const weight = Math.exp((logits[id]! - topLogits[0]!) / temperature);
    if (weight === 0) continue;
    before += weight;
    if (before > point) return id;
    last = id;
  }
  return last;
}

/**
 * How the next token is drawn from one row of logits. The chain of filters is put together once: a knob that is off is
 * not in it. Repetition penalty comes first; then temperature before the filters (as in Hugging Face and vLLM) or after
 * them (as in llama.cpp). The two keep different sets: top-p and min-p look at probabilities, which temperature changes.
 */
import type { LogitSummary } from "#shared/lm/types.js";
import type { Rng } from "#shared/rng.js";
import type { Sampling } from "#generator/engine/types.js";
import { argmax, draw } from "./distribution.js";
import { applyMinP } from "./min-p.js";
import { afterFirstCut, describeRow, drawByBlock, shorten, soundSummary } from "./summary.js";
import { applyRepetitionPenalty } from "./repetition-penalty.js";
import { applyTemperature } from "./temperature.js";
import { applyTopK } from "./top-k.js";
import { applyTopP } from "./top-p.js";

export interface SampledToken {
  readonly tokenId: number;
  /** ln p of the token under the model itself: temperature 1, nothing filtered or penalized. */
  readonly logProb: number;
  /** Of that same distribution, in nats. */
  readonly entropy: number;
}

export interface Sampler {
  /** What to ask the model for with each row, so that drawing from it is quick. */
  readonly wanted: { readonly temperature: number };
  /**
   * @param logits one raw row [vocabulary]; not written to
   * @param seenTokenIds what the repetition penalty is about: prompt and text so far
   * @param rng advanced by one number, or not at all when greedy
   * @param summary of `logits`, where the model gave one
   * @throws ServiceError `internal` for a row with NaN or nothing that can come
   */
  sample(
    logits: Float32Array,
    seenTokenIds: readonly number[],
    rng: Rng,
    summary?: LogitSummary,
  ): SampledToken;
}

/** Works in place on a row [vocabulary]; -Infinity is a token that was dropped. */
export type Filter = (logits: Float64Array, seenTokenIds: readonly number[]) => void;

/** `sampling` is within its ranges (see `assertSampling`). */
export function createSampler(sampling: Sampling): Sampler {
  const { temperature, repetitionPenalty } = sampling;
  const filters = createFilters(sampling);
  let row = new Float64Array();
  const walk: Choose = (logits, seenTokenIds, rng) => {
    if (row.length !== logits.length) row = new Float64Array(logits.length);
    row.set(logits);
    for (const filter of filters) filter(row, seenTokenIds);
    return temperature === 0 ? argmax(row) : draw(row, rng);
  };
  // A penalty may make any token the likeliest.
  const choose = repetitionPenalty === 1 ? chooseQuickly(sampling, walk) : walk;
  return {
    // The graph multiplies by the reciprocal, in float32, where that of 0 and of the smallest numbers is infinite.
    wanted: { temperature: Number.isFinite(Math.fround(1 / temperature)) ? temperature : 1 },
    sample(logits, seenTokenIds, rng, given) {
      // Whatever is wrong with a row is found by walking it.
      const summary = soundSummary(given);
      const { logTotal, entropy } = describeRow(logits, summary);
      const tokenId = choose(logits, seenTokenIds, rng, summary);
      return { tokenId, logProb: logits[tokenId]! - logTotal, entropy };
    },
  };
}

type Choose = (
  logits: Float32Array,
  seenTokenIds: readonly number[],
  rng: Rng,
  summary: LogitSummary | undefined,
) => number;

/** By the summary where that suffices, otherwise by `walk`. */
function chooseQuickly(sampling: Sampling, walk: Choose): Choose {
  const { temperature, topK, topP, minP } = sampling;
  const filtered = topK !== undefined || topP < 1 || minP > 0;
  const filters = createFilters(afterFirstCut(sampling));
  return (logits, seenTokenIds, rng, summary) => {
    if (summary === undefined) return walk(logits, seenTokenIds, rng, summary);
    if (temperature === 0) return summary.topIds[0]!;
    if (!filtered)
      return drawByBlock(logits, summary, temperature, rng) ?? walk(logits, seenTokenIds, rng, summary);
    const short = shorten(summary, sampling, logits.length);
    if (short === undefined) return walk(logits, seenTokenIds, rng, summary);
    for (const filter of filters) filter(short.logits, seenTokenIds);
    return short.ids[draw(short.logits, rng)]!;
  };
}

/** The filters that are on, in the order in which they apply. */
export function createFilters(sampling: Sampling): Filter[] {
  const { temperature, topK, topP, minP, repetitionPenalty, order } = sampling;
  const penalty: Filter[] = [];
  if (repetitionPenalty !== 1) {
    penalty.push((logits, seen) => applyRepetitionPenalty(logits, seen, repetitionPenalty));
  }
  // Greedy takes the likeliest token, which no filter drops.
  if (temperature === 0) return penalty;
  const scale: Filter[] = temperature === 1 ? [] : [(logits) => applyTemperature(logits, temperature)];
  const cut: Filter[] = [];
  if (topK !== undefined) cut.push((logits) => applyTopK(logits, topK));
  if (topP < 1) cut.push((logits) => applyTopP(logits, topP));
  if (minP > 0) cut.push((logits) => applyMinP(logits, minP));
  return order === "temperature_first" ? [...penalty, ...scale, ...cut] : [...penalty, ...cut, ...scale];
}

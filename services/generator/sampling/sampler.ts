/**
 * How the next token is drawn from one row of logits. The chain of filters is put together once: a knob that is off is
 * not in it. Repetition penalty comes first; then temperature before the filters (as in Hugging Face and vLLM) or after
 * them (as in llama.cpp). The two keep different sets: top-p and min-p look at probabilities, which temperature changes.
 */
import type { Rng } from "#shared/rng.js";
import type { Sampling } from "#generator/engine/types.js";
import { argmax, draw, summarize } from "./distribution.js";
import { applyMinP } from "./min-p.js";
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
  /**
   * @param logits one raw row [vocabulary]; not written to
   * @param seenTokenIds what the repetition penalty is about: prompt and text so far
   * @param rng advanced by one number, or not at all when greedy
   * @throws ServiceError `internal` for a row with NaN or nothing that can come
   */
  sample(logits: Float32Array, seenTokenIds: readonly number[], rng: Rng): SampledToken;
}

/** Works in place on a row [vocabulary]; -Infinity is a token that was dropped. */
export type Filter = (logits: Float64Array, seenTokenIds: readonly number[]) => void;

/** `sampling` is within its ranges (see `assertSampling`). */
export function createSampler(sampling: Sampling): Sampler {
  const filters = createFilters(sampling);
  let row = new Float64Array();
  return {
    sample(logits, seenTokenIds, rng) {
      const { logTotal, entropy } = summarize(logits);
      if (row.length !== logits.length) row = new Float64Array(logits.length);
      row.set(logits);
      for (const filter of filters) filter(row, seenTokenIds);
      const tokenId = sampling.temperature === 0 ? argmax(row) : draw(row, rng);
      return { tokenId, logProb: logits[tokenId]! - logTotal, entropy };
    },
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

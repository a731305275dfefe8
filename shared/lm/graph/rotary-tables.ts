/**
 * Rotary position embeddings (Su et al. 2021) as tables, with the scalings of longer contexts. The reference computes
 * frequencies and angles in float32; so do we, to agree on long contexts.
 */
import type { Rope, RopeScaling } from "../checkpoint/rope.js";

const round = Math.fround;

/** cos and sin of position · frequency_i, each float32 [positions, headDim / 2]. */
export function rotaryTables(
  positions: number,
  headDim: number,
  rope: Rope,
): { cos: Float32Array; sin: Float32Array } {
  const frequencies = rotaryFrequencies(headDim, rope);
  const half = frequencies.length;
  const magnitude = rope.scaling?.kind === "yarn" ? rope.scaling.attentionFactor : 1;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = round(position * frequencies[i]!);
      cos[position * half + i] = Math.cos(angle) * magnitude;
      sin[position * half + i] = Math.sin(angle) * magnitude;
    }
  }
  return { cos, sin };
}

/** [headDim / 2], in radians a position. */
function rotaryFrequencies(headDim: number, { theta, scaling }: Rope): Float32Array {
  const half = headDim / 2;
  const plain = Float32Array.from({ length: half }, (_, i) => 1 / round(theta ** round((2 * i) / headDim)));
  switch (scaling?.kind) {
    case "linear":
      return plain.map((frequency) => frequency / scaling.factor);
    case "frequency_factors":
      return plain.map((frequency, i) => frequency / scaling.factors[i]!);
    case "llama3":
      return plain.map((frequency) => scaleLlama3(frequency, scaling));
    case "yarn":
      return scaleYarn(plain, theta, scaling);
    default:
      return plain;
  }
}

/**
 * Of a wave that turns `turns` times in the original context: all of the frequency above highFrequencyFactor turns, a
 * factor-th below lowFrequencyFactor, a mixture between.
 */
function scaleLlama3(frequency: number, scaling: Extract<RopeScaling, { kind: "llama3" }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
  const turns = (originalContext * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return kept * frequency + ((1 - kept) * frequency) / factor;
}

/** The same by the index of the frequency: linear between those that turn betaFast and betaSlow times (section 3.2). */
function scaleYarn(
  plain: Float32Array,
  theta: number,
  scaling: Extract<RopeScaling, { kind: "yarn" }>,
): Float32Array {
  const headDim = 2 * plain.length;
  const { factor, betaFast, betaSlow, originalContext, truncate } = scaling;
  /** The index, not whole, of the frequency that turns so many times. */
  const indexOf = (turns: number): number =>
    (headDim * Math.log(originalContext / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [indexOf(betaFast), indexOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, headDim - 1);
  // Where both are one index the passage is a step.
  const width = high === low ? 0.001 : high - low;
  return plain.map((frequency, i) => {
    const scaled = round(Math.min(1, Math.max(0, (i - low) / width)));
    return (frequency / factor) * scaled + frequency * (1 - scaled);
  });
}

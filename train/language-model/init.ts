import { parameterLayout } from "#shared/lm/graph/training.js";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { createRng } from "#shared/rng.js";

/**
 * Seeded initial parameters: norms 1, biases 0, matrices normal with deviation 0.6 / sqrt(fan-in) (torch's default
 * variance), projections back into the residual stream smaller by sqrt(2 layers) (GPT-2), embeddings 0.03.
 */
export function initialParameters(config: ModelConfig, seed: number): Float32Array {
  const layout = parameterLayout(config);
  const last = layout.at(-1)!;
  const flat = new Float32Array(last.offset + last.length);
  for (const { name, shape, offset, length } of layout) {
    const slice = flat.subarray(offset, offset + length);
    const rng = createRng(seed, "init", name);
    if (name.endsWith("norm.weight")) slice.fill(1);
    else if (name.endsWith(".bias")) slice.fill(0);
    else {
      const residual = /(o_proj|down_proj)\.weight$/.test(name) ? 1 / Math.sqrt(2 * config.numLayers) : 1;
      const deviation = /embed_tokens|lm_head/.test(name) ? 0.03 : (0.6 / Math.sqrt(shape[1]!)) * residual;
      for (let i = 0; i < length; i++) slice[i] = deviation * rng.normal();
    }
  }
  return flat;
}

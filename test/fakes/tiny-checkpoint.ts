/** A small model with seeded random weights, in memory: no files, no tokenizer. */
import { createHash } from "node:crypto";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import type { TensorEntry } from "#shared/lm/checkpoint/safetensors-header.js";
import { expectedTensors } from "#shared/lm/checkpoint/tensors.js";
import type { ModelSource } from "#shared/lm/runtime/language-model.js";
import { createRng } from "#shared/rng.js";

/** Two layers, two query heads to a key/value head, odd sizes where they are allowed. */
export function tinyConfig(overrides: Partial<ModelConfig> = {}): ModelConfig {
  return {
    modelType: "llama",
    vocabSize: 50,
    hiddenSize: 48,
    intermediateSize: 84,
    numLayers: 2,
    numHeads: 4,
    numKvHeads: 2,
    headDim: 16,
    ropeTheta: 10000,
    rmsNormEps: 1e-5,
    contextLength: 1024,
    tieWordEmbeddings: false,
    attentionBias: "none",
    mlpBias: false,
    eosTokenIds: [2],
    ...overrides,
  };
}

export const QWEN2 = { modelType: "qwen2", attentionBias: "qkv" } as const;

/** Weights large enough that attention is far from uniform and logits differ clearly. */
export function tinySource(
  config: ModelConfig,
  seed = 1,
): ModelSource & { weights: Map<string, Float32Array> } {
  const weights = new Map<string, Float32Array>();
  const entries = new Map<string, TensorEntry>();
  const centre = 1 - (config.differences?.normOffset ?? 0);
  for (const { name, shape } of expectedTensors(config)) {
    const rng = createRng(seed, name);
    const length = shape.reduce((product, size) => product * size, 1);
    const norm = name.endsWith("norm.weight");
    const scale = shape.length === 1 ? 0.3 : 1.5 / Math.sqrt(shape[1]!);
    weights.set(
      name,
      Float32Array.from({ length }, () => (norm ? centre : 0) + scale * rng.normal()),
    );
    entries.set(name, { name, dtype: "F32", shape, offset: 0, byteLength: 4 * length });
  }
  const read = async (name: string): Promise<Float32Array> => {
    const tensor = weights.get(name);
    if (tensor === undefined) throw new Error(`no tensor ${name}`);
    return tensor.slice();
  };
  const hash = createHash("sha256").update(JSON.stringify({ config, seed })).digest("hex");
  return { name: "tiny", config, hash, tensors: { tensors: entries, paths: [], read }, weights };
}

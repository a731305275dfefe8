/** A Llama of about 5 million random weights, to see what the engine costs where the model costs little. */
import { createHash } from "node:crypto";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { expectedTensors } from "#shared/lm/checkpoint/tensors.js";
import type { ModelSource } from "#shared/lm/runtime/language-model.js";
import { createRng } from "#shared/rng.js";

const SIZES = {
  vocabSize: 2048,
  hiddenSize: 256,
  intermediateSize: 688,
  numLayers: 6,
  numHeads: 8,
  numKvHeads: 4,
  headDim: 32,
  contextLength: 8192,
};

/** `like` gives whatever else a configuration has. */
export function smallModel(like: ModelConfig): ModelSource {
  const config: ModelConfig = { ...like, ...SIZES, tieWordEmbeddings: true, eosTokenIds: [2] };
  const shapes = new Map(expectedTensors(config).map(({ name, shape }) => [name, shape]));
  const read = async (name: string): Promise<Float32Array> => {
    const shape = shapes.get(name)!;
    const rng = createRng(1, name);
    const length = shape.reduce((product, size) => product * size, 1);
    const scale = shape.length === 1 ? 0 : 1 / Math.sqrt(shape[1]!);
    return Float32Array.from({ length }, () => (shape.length === 1 ? 1 : 0) + scale * rng.normal());
  };
  const hash = createHash("sha256").update(JSON.stringify(config)).digest("hex");
  return { name: "random 5M", config, hash, tensors: { tensors: new Map(), paths: [], read } };
}

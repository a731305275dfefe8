/** Which tensors a checkpoint must hold, under the names that Hugging Face gives them. */
import type { ModelConfig } from "./config.js";
import { READABLE_TYPES } from "./gguf/tensor-types.js";
import { refuseFile } from "./refusal.js";
import type { TensorSource } from "./safetensors.js";

export interface ExpectedTensor {
  readonly name: string;
  /** Linear weights are [out, in]. */
  readonly shape: readonly number[];
}

/** The tensors of a configuration, in the order in which a forward pass meets them. */
export function expectedTensors(config: ModelConfig): ExpectedTensor[] {
  const { vocabSize, hiddenSize } = config;
  const tensors: ExpectedTensor[] = [{ name: "model.embed_tokens.weight", shape: [vocabSize, hiddenSize] }];
  for (let layer = 0; layer < config.numLayers; layer++)
    tensors.push(...layerTensors(config, `model.layers.${layer}`));
  tensors.push({ name: "model.norm.weight", shape: [hiddenSize] });
  if (!config.tieWordEmbeddings) tensors.push({ name: "lm_head.weight", shape: [vocabSize, hiddenSize] });
  return tensors;
}

/** The norms of a layer by where they stand. */
export interface LayerNorms {
  readonly beforeAttention: string;
  /** Only with `postNorms`. */
  readonly afterAttention?: string;
  readonly beforeMlp: string;
  /** Only with `postNorms`. */
  readonly afterMlp?: string;
}

const LLAMA_NORMS: LayerNorms = { beforeAttention: "input_layernorm", beforeMlp: "post_attention_layernorm" };
/** Gemma gives Llama's second name to another place. */
const SANDWICH_NORMS: LayerNorms = {
  beforeAttention: "input_layernorm",
  afterAttention: "post_attention_layernorm",
  beforeMlp: "pre_feedforward_layernorm",
  afterMlp: "post_feedforward_layernorm",
};

/** What a configuration's layers call their norms. */
export function layerNorms({ differences }: ModelConfig): LayerNorms {
  return differences?.postNorms ? SANDWICH_NORMS : LLAMA_NORMS;
}

function layerTensors(config: ModelConfig, prefix: string): ExpectedTensor[] {
  const { hiddenSize, intermediateSize, attentionBias, mlpBias, headDim } = config;
  const norms = layerNorms(config);
  const norm = (name: string | undefined, size = hiddenSize): ExpectedTensor[] =>
    name === undefined ? [] : [{ name: `${prefix}.${name}.weight`, shape: [size] }];
  const perHead = (name: string): ExpectedTensor[] =>
    norm(config.differences?.qkNorm ? `self_attn.${name}` : undefined, headDim);
  const queryWidth = config.numHeads * config.headDim;
  const keyWidth = config.numKvHeads * config.headDim;
  const linear = (name: string, out: number, inner: number, bias: boolean): ExpectedTensor[] => [
    { name: `${prefix}.${name}.weight`, shape: [out, inner] },
    ...(bias ? [{ name: `${prefix}.${name}.bias`, shape: [out] }] : []),
  ];
  return [
    ...norm(norms.beforeAttention),
    ...linear("self_attn.q_proj", queryWidth, hiddenSize, attentionBias !== "none"),
    ...linear("self_attn.k_proj", keyWidth, hiddenSize, attentionBias !== "none"),
    ...linear("self_attn.v_proj", keyWidth, hiddenSize, attentionBias !== "none"),
    ...perHead("q_norm"),
    ...perHead("k_norm"),
    ...linear("self_attn.o_proj", hiddenSize, queryWidth, attentionBias === "qkvo"),
    ...norm(norms.afterAttention),
    ...norm(norms.beforeMlp),
    ...linear("mlp.gate_proj", intermediateSize, hiddenSize, mlpBias),
    ...linear("mlp.up_proj", intermediateSize, hiddenSize, mlpBias),
    ...linear("mlp.down_proj", hiddenSize, intermediateSize, mlpBias),
    ...norm(norms.afterMlp),
  ];
}

/** Weights of all expected tensors together; a tied head is counted once. */
export function countParameters(config: ModelConfig): number {
  return expectedTensors(config).reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}

/**
 * Every expected tensor is there, in the expected shape and in a dtype that can be read, and the backbone has no weight
 * that the configuration does not speak of (a bias, a norm, a layer), which would otherwise be left out in silence.
 * @throws ServiceError `failed_precondition` naming the first tensor that is not so, and what was expected of it.
 */
export function assertTensors(config: ModelConfig, source: TensorSource): void {
  for (const problem of tensorProblems(config, source)) throw refuseFile("weights", problem);
}

/** What `assertTensors` refuses, one tensor after the other. */
export function* tensorProblems(config: ModelConfig, source: TensorSource): Generator<string, void> {
  const expected = expectedTensors(config);
  for (const { name, shape } of expected) {
    const found = source.tensors.get(name);
    const must = `tensor ${name} must be F32, F16 or BF16 (in GGUF also quantised) of shape [${shape.join(", ")}], as config.json has it`;
    if (found === undefined) {
      yield `${must}, but is missing`;
      continue;
    }
    const sameShape =
      found.shape.length === shape.length && found.shape.every((size, axis) => size === shape[axis]);
    if (!sameShape || !READABLE_TYPES.some((type) => type.name === found.dtype)) {
      yield `${must}, got ${found.dtype} of shape [${found.shape.join(", ")}]`;
    }
  }
  const names = new Set(expected.map(({ name }) => name));
  for (const { name, shape } of source.tensors.values()) {
    // Older exports store the rotary frequencies, which follow from rope_theta. Heads of other kinds are not `model.*`.
    if (!name.startsWith("model.") || names.has(name) || name.endsWith(".rotary_emb.inv_freq")) continue;
    yield `tensor ${name} of shape [${shape.join(", ")}] must not be there, as config.json has it`;
  }
}

/** Where image models keep their language model: Gemma 3's files as published, and as newer libraries write them. */
const INSIDE: readonly (readonly [inside: string, name: string])[] = [
  ["language_model.model.", "model."],
  ["language_model.lm_head.", "lm_head."],
  ["model.language_model.", "model."],
];

/** The language model alone, under its usual names, of weights that hold more; other weights as they are. */
export function languageModelTensors(source: TensorSource): TensorSource {
  if (source.tensors.has("model.embed_tokens.weight")) return source;
  const stored = new Map<string, string>();
  for (const name of source.tensors.keys()) {
    const found = INSIDE.find(([inside]) => name.startsWith(inside));
    if (found !== undefined) stored.set(found[1] + name.slice(found[0].length), name);
  }
  if (!stored.has("model.embed_tokens.weight")) return source;
  const tensors = [...stored].map(([name, at]) => [name, { ...source.tensors.get(at)!, name }] as const);
  return {
    ...source,
    tensors: new Map(tensors),
    read: (name, signal) => source.read(stored.get(name) ?? name, signal),
  };
}

/**
 * How the supported families differ from Llama, one row each. A row says which fields of config.json mean what; the
 * decoder sees only the `ModelConfig` that comes of it. Defaults are those of Hugging Face's configuration classes,
 * where published files leave a field out.
 */
import type { JsonObject } from "./json.js";

export type ModelType = "llama" | "mistral" | "qwen2" | "qwen3" | "gemma2" | "gemma3_text";

export interface Architecture {
  /** What `architectures` may name. */
  readonly classNames: readonly string[];
  /** Fields that its config.json may leave out, beyond those that all may. */
  readonly defaults: JsonObject;
  /** q, k and v always have a bias, or q, k, v and o when `attention_bias` is true, or none ever. */
  readonly attentionBias: "qkv" | "attention_bias" | "none";
  /** Whether it reads `mlp_bias`. */
  readonly mlpBias: boolean;
  readonly activationField: "hidden_act" | "hidden_activation";
  /** Queries and keys are normed per head. */
  readonly qkNorm: boolean;
  /** Gemma's block: norms multiply by 1 + weight and also follow attention and MLP; embeddings times sqrt(hidden). */
  readonly gemma: boolean;
  /** Fields of which some families have none: soft-caps and the number whose root divides the scores. */
  readonly reads: readonly ("attn_logit_softcapping" | "final_logit_softcapping" | "query_pre_attn_scalar")[];
  readonly window?: WindowRule;
}

/** Which layers see a window only. */
export interface WindowRule {
  /** The flag without which `sliding_window` is not in use. */
  readonly switch?: "use_sliding_window";
  /** What holds where `layer_types` is absent. `pattern` is the value of `patternField`. */
  readonly isLocal: (layer: number, pattern: number) => boolean;
  readonly patternField?: "max_window_layers" | "sliding_window_pattern";
  /** Whether `layer_types` is obeyed; otherwise it must say the same. */
  readonly layerTypes: boolean;
  /** Local layers have rotary embeddings of their own, of this theta or `rope_local_base_freq`. */
  readonly ropeTheta?: number;
}

const LLAMA: Architecture = {
  classNames: ["LlamaForCausalLM"],
  defaults: {},
  attentionBias: "attention_bias",
  mlpBias: true,
  activationField: "hidden_act",
  qkNorm: false,
  gemma: false,
  reads: [],
};

const MISTRAL: Architecture = {
  ...LLAMA,
  classNames: ["MistralForCausalLM"],
  defaults: { num_key_value_heads: 8, sliding_window: 4096 },
  attentionBias: "none",
  mlpBias: false,
  window: { isLocal: () => true, layerTypes: false },
};

const QWEN2: Architecture = {
  ...LLAMA,
  classNames: ["Qwen2ForCausalLM"],
  defaults: { sliding_window: 4096, max_window_layers: 28 },
  attentionBias: "qkv",
  mlpBias: false,
  window: {
    switch: "use_sliding_window",
    isLocal: (layer, first) => layer >= first,
    patternField: "max_window_layers",
    layerTypes: true,
  },
};

const QWEN3: Architecture = {
  ...QWEN2,
  classNames: ["Qwen3ForCausalLM"],
  defaults: { ...QWEN2.defaults, head_dim: 128 },
  attentionBias: "attention_bias",
  qkNorm: true,
};

const GEMMA_DEFAULTS: JsonObject = {
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  rms_norm_eps: 1e-6,
  hidden_activation: "gelu_pytorch_tanh",
  sliding_window: 4096,
  query_pre_attn_scalar: 256,
  tie_word_embeddings: true,
  eos_token_id: 1,
  bos_token_id: 2,
};

const GEMMA2: Architecture = {
  ...LLAMA,
  classNames: ["Gemma2ForCausalLM"],
  defaults: {
    ...GEMMA_DEFAULTS,
    max_position_embeddings: 8192,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
  },
  mlpBias: false,
  activationField: "hidden_activation",
  gemma: true,
  reads: ["attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar"],
  window: { isLocal: (layer) => layer % 2 === 0, layerTypes: true },
};

const GEMMA3: Architecture = {
  ...GEMMA2,
  classNames: ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
  defaults: {
    ...GEMMA_DEFAULTS,
    vocab_size: 262_208,
    max_position_embeddings: 131_072,
    rope_theta: 1e6,
    sliding_window_pattern: 6,
  },
  qkNorm: true,
  reads: ["final_logit_softcapping", "query_pre_attn_scalar"],
  window: {
    isLocal: (layer, pattern) => (layer + 1) % pattern !== 0,
    patternField: "sliding_window_pattern",
    layerTypes: true,
    ropeTheta: 10_000,
  },
};

export const ARCHITECTURES: Readonly<Record<ModelType, Architecture>> = {
  llama: LLAMA,
  mistral: MISTRAL,
  qwen2: QWEN2,
  qwen3: QWEN3,
  gemma2: GEMMA2,
  gemma3_text: GEMMA3,
};

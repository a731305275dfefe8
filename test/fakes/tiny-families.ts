/** A tiny configuration of each supported family, as its config.json would say it. */
import { type ModelConfig, toModelConfig } from "#shared/lm/checkpoint/config.js";

const SIZES = {
  vocab_size: 50,
  hidden_size: 48,
  intermediate_size: 84,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-5,
  eos_token_id: 2,
  bos_token_id: 1,
};
/** Frequencies of every band: kept, mixed and divided. */
const STRETCHED = { factor: 8, original_max_position_embeddings: 64 };
const LLAMA = { ...SIZES, model_type: "llama", hidden_act: "silu" };
const GEMMA = {
  ...SIZES,
  hidden_activation: "gelu_pytorch_tanh",
  query_pre_attn_scalar: 12,
  sliding_window: 24,
};

const FAMILIES: Readonly<Record<string, object>> = {
  "llama 3.1": {
    ...LLAMA,
    rope_theta: 500_000,
    rope_scaling: { rope_type: "llama3", low_freq_factor: 1, high_freq_factor: 4, ...STRETCHED },
  },
  "llama, linear rope": { ...LLAMA, rope_scaling: { type: "linear", factor: 4 } },
  "llama, frequency factors": {
    ...LLAMA,
    rope_scaling: { rope_type: "frequency_factors", factors: [1, 1, 1, 1.5, 3, 8, 8, 8] },
  },
  "mistral, window": { ...LLAMA, model_type: "mistral", sliding_window: 24 },
  "qwen2, yarn": { ...LLAMA, model_type: "qwen2", rope_scaling: { type: "yarn", ...STRETCHED } },
  "qwen2, window in its last layer": {
    ...LLAMA,
    model_type: "qwen2",
    use_sliding_window: true,
    sliding_window: 24,
    max_window_layers: 2,
    tie_word_embeddings: true,
  },
  qwen3: { ...LLAMA, model_type: "qwen3", rope_theta: 1e6, attention_bias: true },
  "gemma2, scores not scaled": {
    ...GEMMA,
    model_type: "gemma2",
    query_pre_attn_scalar: 1,
    attn_logit_softcapping: 2,
    final_logit_softcapping: 3,
  },
  gemma3: {
    ...GEMMA,
    model_type: "gemma3_text",
    sliding_window_pattern: 2,
    rope_scaling: { rope_type: "linear", factor: 8 },
  },
  "gemma2, heads of 256": {
    ...GEMMA,
    model_type: "gemma2",
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 256,
    query_pre_attn_scalar: 256,
  },
  "gemma3, heads of 130": {
    ...GEMMA,
    model_type: "gemma3_text",
    num_hidden_layers: 2,
    head_dim: 130,
    query_pre_attn_scalar: 130,
  },
};

export const tinyFamilies: readonly (readonly [title: string, config: ModelConfig])[] = Object.entries(
  FAMILIES,
).map(([title, json]) => [title, toModelConfig(json)]);

/** One of them by its title. */
export function tinyFamily(title: string): ModelConfig {
  return toModelConfig(FAMILIES[title]);
}

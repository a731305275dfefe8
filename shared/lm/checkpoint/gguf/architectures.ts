/**
 * How the families that we know are told in a GGUF file (llama.cpp's convert_hf_to_gguf.py, gguf-py's constants): names
 * of the tensors, and what the conversion did to their values.
 */

export interface Architecture {
  /** `model_type` of config.json. Mistral's files say "llama". */
  readonly modelType: string;
  /**
   * Query and key rows are in the order of interleaved rotary pairs (2i, 2i + 1) of each head, where Hugging Face has
   * the halves of a head (i, i + headDim / 2).
   */
  readonly interleaved: boolean;
  /** Norm weights have the 1 added that Hugging Face adds in the forward pass. */
  readonly normsPlusOne: boolean;
  /** Hugging Face's name of each of a layer's tensors, without `.weight` or `.bias`. */
  readonly layerNames: ReadonlyMap<string, string>;
}

const PROJECTIONS = [
  ["attn_norm", "input_layernorm"],
  ["attn_q", "self_attn.q_proj"],
  ["attn_k", "self_attn.k_proj"],
  ["attn_v", "self_attn.v_proj"],
  ["attn_output", "self_attn.o_proj"],
  ["ffn_gate", "mlp.gate_proj"],
  ["ffn_up", "mlp.up_proj"],
  ["ffn_down", "mlp.down_proj"],
] as const;
const HEAD_NORMS = [
  ["attn_q_norm", "self_attn.q_norm"],
  ["attn_k_norm", "self_attn.k_norm"],
] as const;
const TWO_NORMS = new Map<string, string>([...PROJECTIONS, ["ffn_norm", "post_attention_layernorm"]]);
const FOUR_NORMS = new Map<string, string>([
  ...PROJECTIONS,
  ["post_attention_norm", "post_attention_layernorm"],
  ["ffn_norm", "pre_feedforward_layernorm"],
  ["post_ffw_norm", "post_feedforward_layernorm"],
]);

/** By `general.architecture`. */
export const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map([
  ["llama", { modelType: "llama", interleaved: true, normsPlusOne: false, layerNames: TWO_NORMS }],
  ["qwen2", { modelType: "qwen2", interleaved: false, normsPlusOne: false, layerNames: TWO_NORMS }],
  [
    "qwen3",
    {
      modelType: "qwen3",
      interleaved: false,
      normsPlusOne: false,
      layerNames: new Map([...TWO_NORMS, ...HEAD_NORMS]),
    },
  ],
  ["gemma2", { modelType: "gemma2", interleaved: false, normsPlusOne: true, layerNames: FOUR_NORMS }],
  [
    "gemma3",
    {
      modelType: "gemma3_text",
      interleaved: false,
      normsPlusOne: true,
      layerNames: new Map([...FOUR_NORMS, ...HEAD_NORMS]),
    },
  ],
]);

const WHOLE_NAMES: ReadonlyMap<string, string> = new Map([
  ["token_embd.weight", "model.embed_tokens.weight"],
  ["output_norm.weight", "model.norm.weight"],
  ["output.weight", "lm_head.weight"],
]);
const LAYER_NAME = /^blk\.(0|[1-9][0-9]{0,4})\.([a-z_]+)\.(weight|bias)$/;

/** Divisors of the rotary frequencies: part of the configuration, not of the weights. */
export const ROPE_FACTORS = "rope_freqs.weight";

/** Hugging Face's name of a tensor; undefined for one that such a model does not have. */
export function huggingFaceName(architecture: Architecture, name: string): string | undefined {
  const whole = WHOLE_NAMES.get(name);
  if (whole !== undefined) return whole;
  const [, layer, part, kind] = LAYER_NAME.exec(name) ?? [];
  const layerName = part === undefined ? undefined : architecture.layerNames.get(part);
  return layerName === undefined ? undefined : `model.layers.${layer}.${layerName}.${kind}`;
}

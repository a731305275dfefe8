/** Models as llama.cpp's converter writes them, from weights as Hugging Face has them. */
import { type GgufValue, type GgufWriterTensor, floats } from "./gguf-writer.js";

export interface HuggingFaceTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Conversion {
  /** Of interleaved rotary pairs; absent where the family is not permuted. */
  readonly permutedHeads?: { readonly q: number; readonly k: number };
  readonly gemma?: boolean;
}

const PARTS: readonly (readonly [huggingFace: string, gguf: string])[] = [
  ["model.embed_tokens.", "token_embd."],
  ["model.norm.", "output_norm."],
  ["lm_head.", "output."],
  ["model.layers.", "blk."],
  ["self_attn.q_norm", "attn_q_norm"],
  ["self_attn.k_norm", "attn_k_norm"],
  ["self_attn.q_proj", "attn_q"],
  ["self_attn.k_proj", "attn_k"],
  ["self_attn.v_proj", "attn_v"],
  ["self_attn.o_proj", "attn_output"],
  ["mlp.gate_proj", "ffn_gate"],
  ["mlp.up_proj", "ffn_up"],
  ["mlp.down_proj", "ffn_down"],
  ["input_layernorm", "attn_norm"],
];

export function toGgufTensors(
  tensors: readonly HuggingFaceTensor[],
  conversion: Conversion = {},
): GgufWriterTensor[] {
  return tensors.map(({ name, shape, data }) => {
    const gguf = nameInGguf(name, conversion.gemma === true);
    const heads = /_proj\.(weight|bias)$/.test(name) ? headsOf(name, conversion) : undefined;
    const plusOne = conversion.gemma === true && name.endsWith("norm.weight");
    const values = heads === undefined ? data : interleave(data, shape[0]!, heads);
    return floats(gguf, shape, plusOne ? values.map((value) => value + 1) : values);
  });
}

function headsOf(name: string, { permutedHeads }: Conversion): number | undefined {
  if (name.includes("q_proj")) return permutedHeads?.q;
  return name.includes("k_proj") ? permutedHeads?.k : undefined;
}

function nameInGguf(name: string, gemma: boolean): string {
  const norms: typeof PARTS = gemma
    ? [
        ["post_attention_layernorm", "post_attention_norm"],
        ["pre_feedforward_layernorm", "ffn_norm"],
        ["post_feedforward_layernorm", "post_ffw_norm"],
      ]
    : [["post_attention_layernorm", "ffn_norm"]];
  return [...PARTS, ...norms].reduce((all, [from, to]) => all.replace(from, to), name);
}

/** convert_hf_to_gguf.py: `weights.reshape(heads, 2, rows / heads / 2, width).swapaxes(1, 2)`. */
function interleave(values: Float32Array, rows: number, heads: number): Float32Array {
  const width = values.length / rows;
  const half = rows / heads / 2;
  const out = new Float32Array(values.length);
  for (let head = 0; head < heads; head++)
    for (let part = 0; part < 2; part++)
      for (let i = 0; i < half; i++)
        for (let column = 0; column < width; column++) {
          const from = ((head * 2 + part) * half + i) * width + column;
          out[((head * half + i) * 2 + part) * width + column] = values[from]!;
        }
  return out;
}

/** What the converter writes for a llama of these sizes. */
export function llamaMetadata(config: {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly rmsNormEps: number;
  readonly contextLength: number;
}): Record<string, GgufValue> {
  return {
    "general.architecture": { text: "llama" },
    "llama.block_count": { u32: config.numLayers },
    "llama.context_length": { u32: config.contextLength },
    "llama.embedding_length": { u32: config.hiddenSize },
    "llama.feed_forward_length": { u32: config.intermediateSize },
    "llama.attention.head_count": { u32: config.numHeads },
    "llama.attention.head_count_kv": { u32: config.numKvHeads },
    "llama.attention.layer_norm_rms_epsilon": { f32: config.rmsNormEps },
    "llama.rope.freq_base": { f32: config.ropeTheta },
    "llama.rope.dimension_count": { u32: config.headDim },
    "llama.attention.key_length": { u32: config.headDim },
    "llama.attention.value_length": { u32: config.headDim },
  };
}

/** A byte-level tokenizer without merges; the first token ends a text. */
export function byteLevelMetadata(tokens: readonly string[], pre: string): Record<string, GgufValue> {
  return {
    "tokenizer.ggml.model": { text: "gpt2" },
    "tokenizer.ggml.pre": { text: pre },
    "tokenizer.ggml.tokens": { texts: tokens },
    "tokenizer.ggml.token_type": { i32s: tokens.map((token) => (/^<\|.*\|>$/.test(token) ? 3 : 1)) },
    "tokenizer.ggml.merges": { texts: [] },
    "tokenizer.ggml.eos_token_id": { u32: 0 },
  };
}

/**
 * The `config.json` that says what a GGUF file's metadata says. Settings of the architecture that are not known here
 * are refused by name: they would change the mathematics in silence.
 */
import type { JsonObject } from "../json.js";
import { refuseFile } from "../refusal.js";
import { type Architecture, ARCHITECTURES } from "./architectures.js";
import type { GgufHeader } from "./header.js";
import type { Metadata } from "./metadata.js";

/** Settings below `ARCHITECTURE.` that are read here, or say nothing that matters. */
const KNOWN: ReadonlySet<string> = new Set([
  "vocab_size",
  "context_length",
  "embedding_length",
  "block_count",
  "feed_forward_length",
  "attention.head_count",
  "attention.head_count_kv",
  "attention.key_length",
  "attention.value_length",
  "attention.layer_norm_rms_epsilon",
  "attention.sliding_window",
  "attention.causal",
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "expert_count",
  "expert_used_count",
  "rope.dimension_count",
  "rope.freq_base",
  "rope.freq_base_swa",
  "rope.scale_linear",
  "rope.scaling.type",
  "rope.scaling.factor",
  "rope.scaling.attn_factor",
  "rope.scaling.original_context_length",
  "rope.scaling.finetuned",
  "rope.scaling.yarn_beta_fast",
  "rope.scaling.yarn_beta_slow",
]);

/** Tokens that end a turn, for files that name only the one that ends a text (as llama.cpp finds them). */
const END_OF_TURN = ["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|eom_id|>"];
const CONTROL = 3;

/** @throws ServiceError `failed_precondition`: another architecture, a setting that is not supported or of another type. */
export function architectureOf(metadata: Metadata): Architecture {
  const key = "general.architecture";
  const name = metadata.required(key, metadata.string(key));
  const found = ARCHITECTURES.get(name);
  if (found !== undefined) return found;
  const must = `must be one of ${[...ARCHITECTURES.keys()].join(", ")}`;
  throw refuseFile(metadata.file, `metadata ${key} ${must}, got ${JSON.stringify(name)}; take another model`);
}

/**
 * @param ropeFactors values of `rope_freqs.weight`, when there is such a tensor
 * @throws ServiceError `failed_precondition`
 */
export function toConfigJson({ metadata, tensors }: GgufHeader, ropeFactors?: Float32Array): JsonObject {
  const { modelType } = architectureOf(metadata);
  const settings = new Settings(metadata);
  settings.refuseUnknown();
  const hiddenSize = settings.need("embedding_length");
  const heads = settings.need("attention.head_count");
  const headDim = settings.headDim(hiddenSize / heads);
  // 0 is how some files say that there is none.
  const window = settings.number("attention.sliding_window") || undefined;
  // Which of their layers it is for is not said.
  if (window !== undefined && modelType.startsWith("qwen"))
    throw settings.refuse("attention.sliding_window", "0 or absent (not supported with Qwen)", window);
  const gemma = modelType.startsWith("gemma");
  return {
    // A window in a file of the llama family is Mistral's.
    model_type: modelType === "llama" && window !== undefined ? "mistral" : modelType,
    vocab_size: tensors.get("token_embd.weight")?.shape[0] ?? settings.number("vocab_size"),
    hidden_size: hiddenSize,
    intermediate_size: settings.need("feed_forward_length"),
    num_hidden_layers: settings.need("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: settings.number("attention.head_count_kv") ?? heads,
    head_dim: headDim,
    max_position_embeddings: settings.need("context_length"),
    rms_norm_eps: settings.need("attention.layer_norm_rms_epsilon"),
    rope_theta: settings.number("rope.freq_base") ?? 10000,
    ...settings.ropeScaling(ropeFactors),
    tie_word_embeddings: !tensors.has("output.weight"),
    ...(gemma ? { hidden_activation: "gelu_pytorch_tanh" } : { hidden_act: "silu" }),
    ...(gemma ? gemmaFields(settings, modelType, { hiddenSize, heads, headDim }) : {}),
    ...(window === undefined ? {} : { sliding_window: window }),
    ...(modelType === "llama" ? llamaBiases(tensors) : {}),
    ...tokenFields(metadata),
  };
}

function llamaBiases(tensors: GgufHeader["tensors"]): JsonObject {
  return { attention_bias: tensors.has("blk.0.attn_q.bias"), mlp_bias: tensors.has("blk.0.ffn_gate.bias") };
}

/** Not in the metadata: llama.cpp has these by the number of layers, 46 and 62 being the models of 27B. */
function gemmaFields(
  settings: Settings,
  modelType: string,
  sizes: { readonly hiddenSize: number; readonly heads: number; readonly headDim: number },
): JsonObject {
  const layers = settings.need("block_count");
  const largest = layers === (modelType === "gemma2" ? 46 : 62);
  const [attention, final] = [
    settings.number("attn_logit_softcapping"),
    settings.number("final_logit_softcapping"),
  ];
  return {
    query_pre_attn_scalar: largest ? sizes.hiddenSize / sizes.heads : sizes.headDim,
    // Where they are not said, the family's own hold.
    ...(attention === undefined ? {} : { attn_logit_softcapping: attention }),
    ...(final === undefined ? {} : { final_logit_softcapping: final }),
    ...(modelType === "gemma2"
      ? {}
      : { rope_local_base_freq: settings.number("rope.freq_base_swa") ?? 10000, sliding_window_pattern: 6 }),
  };
}

function tokenFields(metadata: Metadata): JsonObject {
  const id = (name: string): number | undefined => metadata.number(`tokenizer.ggml.${name}_token_id`);
  const tokens = metadata.strings("tokenizer.ggml.tokens") ?? [];
  const types = metadata.numbers("tokenizer.ggml.token_type");
  const ends = new Set([id("eos"), id("eot"), id("eom")].filter((end) => end !== undefined));
  for (const text of END_OF_TURN) {
    const found = tokens.indexOf(text);
    if (found >= 0 && types?.[found] === CONTROL) ends.add(found);
  }
  const bos = id("bos");
  return { eos_token_id: [...ends], ...(bos === undefined ? {} : { bos_token_id: bos }) };
}

/** What is below `ARCHITECTURE.`. */
class Settings {
  readonly #metadata: Metadata;
  readonly #prefix: string;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
    this.#prefix = `${metadata.string("general.architecture")}.`;
  }

  /** The shortest decimal of what is stored as float32: 1e-5 is not 0.00000999999975. */
  number(key: string): number | undefined {
    const value = this.#metadata.number(this.#prefix + key);
    if (value === undefined || !Number.isFinite(value) || Math.fround(value) !== value) return value;
    for (let digits = 6; digits < 9; digits++) {
      const short = Number(value.toPrecision(digits));
      if (Math.fround(short) === value) return short;
    }
    return value;
  }

  need(key: string): number {
    return this.#metadata.required(this.#prefix + key, this.number(key));
  }

  refuseUnknown(): void {
    for (const key of this.#metadata.keys) {
      if (key.startsWith(this.#prefix) && !KNOWN.has(key.slice(this.#prefix.length)))
        throw refuseFile(
          this.#metadata.file,
          `metadata ${key} is not known here, and may change the mathematics`,
        );
    }
    const experts = this.number("expert_count") ?? 0;
    if (experts !== 0)
      throw this.refuse("expert_count", "0 (mixtures of experts are not supported)", experts);
    if (this.#metadata.boolean(`${this.#prefix}attention.causal`) === false)
      throw this.refuse("attention.causal", "true", false);
  }

  /** Of keys, values and rotation alike. */
  headDim(fallback: number): number {
    const keyLength = this.number("attention.key_length") ?? fallback;
    for (const key of ["attention.value_length", "rope.dimension_count"]) {
      const length = this.number(key) ?? keyLength;
      if (length !== keyLength) throw this.refuse(key, `the size of a head (${keyLength})`, length);
    }
    return keyLength;
  }

  /** `rope_scaling`, when there is any. */
  ropeScaling(factors: Float32Array | undefined): JsonObject {
    const type = this.#metadata.string(`${this.#prefix}rope.scaling.type`) ?? "none";
    const factor = this.number("rope.scaling.factor") ?? this.number("rope.scale_linear") ?? 1;
    const byFactors = factors !== undefined && factors.some((each) => each !== 1);
    if (byFactors) {
      if (type !== "none") throw this.refuse("rope.scaling.type", "none beside rope_freqs.weight", type);
      return { rope_scaling: { rope_type: "frequency_factors", factors: [...factors] } };
    }
    if (type === "yarn") return { rope_scaling: this.#yarn(factor) };
    if (type !== "none" && type !== "linear")
      throw this.refuse("rope.scaling.type", "none, linear or yarn", type);
    return factor === 1 ? {} : { rope_scaling: { rope_type: "linear", factor } };
  }

  #yarn(factor: number): JsonObject {
    const attention = this.number("rope.scaling.attn_factor") ?? 1;
    const fast = this.number("rope.scaling.yarn_beta_fast");
    const slow = this.number("rope.scaling.yarn_beta_slow");
    return {
      rope_type: "yarn",
      factor,
      original_max_position_embeddings: this.need("rope.scaling.original_context_length"),
      // llama.cpp multiplies YaRN's own factor, Hugging Face replaces it.
      ...(attention === 1 ? {} : { attention_factor: attention * (0.1 * Math.log(factor) + 1) }),
      ...(fast === undefined ? {} : { beta_fast: fast }),
      ...(slow === undefined ? {} : { beta_slow: slow }),
    };
  }

  refuse(key: string, must: string, got: unknown): Error {
    return refuseFile(
      this.#metadata.file,
      `metadata ${this.#prefix}${key} must be ${must}, got ${String(got)}`,
    );
  }
}

import { toModelConfig } from "#shared/lm/checkpoint/config.js";
import { ServiceError } from "#shared/errors.js";
import { describe, expect, test } from "vitest";

const LLAMA = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 512,
  hidden_size: 64,
  intermediate_size: 172,
  num_hidden_layers: 5,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: "silu",
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
};
const QWEN2 = { ...LLAMA, architectures: ["Qwen2ForCausalLM"], model_type: "qwen2" };

function refusal(json: unknown): ServiceError {
  try {
    toModelConfig(json);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("toModelConfig refuses", () => {
  test.each([
    ["another architecture", { model_type: "gpt2" }, "model_type", '"gpt2"'],
    ["a missing model_type", { model_type: undefined }, "model_type", "nothing"],
    [
      "a class that is not the model_type's",
      { architectures: ["LlamaForSequenceClassification"] },
      "architectures",
      "LlamaForSeq",
    ],
    [
      "rotary embeddings scaled by the length so far",
      { rope_scaling: { rope_type: "dynamic", factor: 8 } },
      "rope_scaling",
      "dynamic",
    ],
    [
      "rotary embeddings of two lengths",
      { rope_scaling: { type: "longrope", factor: 2 } },
      "rope_scaling",
      "longrope",
    ],
    ["a factor without a type", { rope_scaling: { factor: 2 } }, "rope_scaling", "factor"],
    [
      "scaled rotary embeddings of the new spelling",
      { rope_parameters: { rope_type: "longrope", rope_theta: 1e4 } },
      "rope_parameters",
      "longrope",
    ],
    ["another activation", { hidden_act: "gelu" }, "hidden_act", '"gelu"'],
    ["a sliding window", { sliding_window: 4096 }, "sliding_window", "4096"],
    ["a sliding window in use", { use_sliding_window: true }, "use_sliding_window", "true"],
    [
      "layers of sliding attention",
      { layer_types: ["full_attention", "sliding_attention"] },
      "layer_types",
      "sliding",
    ],
    ["a soft-cap that Llama does not have", { final_logit_softcapping: 30 }, "final_logit_softcapping", "30"],
    ["a scale that Llama does not have", { query_pre_attn_scalar: 64 }, "query_pre_attn_scalar", "64"],
    ["a multiplier of Granite", { attention_multiplier: 0.015 }, "attention_multiplier", "0.015"],
    ["a multiplier of residuals", { residual_multiplier: 0.22 }, "residual_multiplier", "0.22"],
    ["a scale of logits", { logits_scaling: 8 }, "logits_scaling", "8"],
    ["a scale of Cohere's logits", { logit_scale: 0.0625 }, "logit_scale", "0.0625"],
    ["a multiplier of embeddings", { embedding_multiplier: 12 }, "embedding_multiplier", "12"],
    ["clipped projections", { clip_qkv: 8 }, "clip_qkv", "8"],
    ["experts", { num_local_experts: 8 }, "num_local_experts", "8"],
    ["a parallel residual", { use_parallel_residual: true }, "use_parallel_residual", "true"],
    ["partly rotated heads", { partial_rotary_factor: 0.5 }, "partial_rotary_factor", "0.5"],
    ["layers without positions", { no_rope_layers: [1, 0] }, "no_rope_layers", "[1,0]"],
    ["attention in chunks", { attention_chunk_size: 8192 }, "attention_chunk_size", "8192"],
    ["attention to what follows", { use_bidirectional_attention: true }, "use_bidirectional", "true"],
    ["packed weights", { quantization_config: { quant_method: "gptq" } }, "quantization_config", "gptq"],
  ])("%s, as not supported", (_, change, field, got) => {
    const error = refusal({ ...LLAMA, ...change });
    expect(error.code).toBe("failed_precondition");
    expect(error.message).toContain(`config.json: ${field}`);
    expect(error.message).toContain(" must ");
    expect(error.message).toContain(got);
  });

  test.each([
    ["a missing size", { vocab_size: undefined }, "vocab_size", "nothing"],
    ["a size of another type", { hidden_size: "64" }, "hidden_size", '"64"'],
    ["no layers", { num_hidden_layers: 0 }, "num_hidden_layers", "0"],
    ["half a head", { num_attention_heads: 2.5 }, "num_attention_heads", "2.5"],
    ["a size beyond reason", { intermediate_size: 1e12 }, "intermediate_size", "1000000000000"],
    ["a context of NaN", { max_position_embeddings: NaN }, "max_position_embeddings", "NaN"],
    ["an epsilon of zero", { rms_norm_eps: 0 }, "rms_norm_eps", "0"],
    ["a negative theta", { rope_theta: -1 }, "rope_theta", "-1"],
    ["kv heads that do not divide the heads", { num_key_value_heads: 3 }, "num_key_value_heads", "3"],
    [
      "heads that do not divide the width",
      { num_attention_heads: 12, num_key_value_heads: 4 },
      "num_attention_heads",
      "12",
    ],
    ["an odd head", { head_dim: 7 }, "head_dim", "7"],
    ["an eos outside the vocabulary", { eos_token_id: [2, 512] }, "eos_token_id", "512"],
    ["a bos outside the vocabulary", { bos_token_id: 600 }, "bos_token_id", "600"],
    ["an eos that is text", { eos_token_id: "</s>" }, "eos_token_id", '"</s>"'],
    ["a linear rope without factor", { rope_scaling: { type: "linear" } }, "rope_scaling.factor", "nothing"],
    [
      "a scaling with an unknown key",
      { rope_scaling: { type: "linear", factor: 2, mrope_section: [8] } },
      "rope_scaling.mrope_section",
      "[8]",
    ],
    [
      "a llama3 rope whose bands are exchanged",
      { rope_scaling: { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 1 } },
      "rope_scaling.high_freq_factor",
      "1",
    ],
    [
      "too few frequency factors",
      { rope_scaling: { rope_type: "frequency_factors", factors: [1, 2] } },
      "rope_scaling.factors",
      '"2 numbers"',
    ],
    [
      "heads rotated in part",
      { rope_parameters: { rope_type: "default", partial_rotary_factor: 0.5 } },
      "rope_parameters.partial_rotary_factor",
      "0.5",
    ],
    ["a flag that is a number", { tie_word_embeddings: 1 }, "tie_word_embeddings", "1"],
  ])("%s, as invalid", (_, change, field, got) => {
    const error = refusal({ ...LLAMA, ...change });
    expect(error.code).toBe("invalid_argument");
    expect(error.details.fieldViolations?.map((violation) => violation.field)).toContain(
      `config.json:${field}`,
    );
    expect(error.message).toContain(`${field} must`);
    expect(error.message).toContain(`got ${got}`);
  });

  test.each([[null], [[]], ["llama"], [7]])("what is no object: %j", (json) => {
    expect(refusal(json).message).toMatch(/config\.json: content must be a JSON object/);
  });

  test("all wrong fields at once", () => {
    const error = refusal({ ...LLAMA, vocab_size: -1, hidden_size: null, rms_norm_eps: "small" });
    expect(error.details.fieldViolations).toHaveLength(3);
  });

  test("without repeating a value of any length", () => {
    expect(refusal({ ...LLAMA, hidden_act: "x".repeat(1e6) }).message.length).toBeLessThan(300);
  });
});

describe("toModelConfig", () => {
  test("reads a Llama configuration", () => {
    expect(toModelConfig(LLAMA)).toEqual({
      modelType: "llama",
      vocabSize: 512,
      hiddenSize: 64,
      intermediateSize: 172,
      numLayers: 5,
      numHeads: 8,
      numKvHeads: 4,
      headDim: 8,
      ropeTheta: 10000,
      rmsNormEps: 1e-5,
      contextLength: 512,
      tieWordEmbeddings: true,
      attentionBias: "none",
      mlpBias: false,
      eosTokenIds: [2],
      bosTokenId: 1,
    });
  });

  test("fills what Hugging Face fills", () => {
    const config = toModelConfig({
      ...LLAMA,
      architectures: undefined,
      num_key_value_heads: null,
      rope_theta: undefined,
      hidden_act: undefined,
      tie_word_embeddings: undefined,
      eos_token_id: null,
      bos_token_id: null,
    });
    expect(config).toMatchObject({
      numKvHeads: 8,
      ropeTheta: 10000,
      tieWordEmbeddings: false,
      eosTokenIds: [],
    });
    expect(config).not.toHaveProperty("bosTokenId");
  });

  test("knows the biases of each family", () => {
    expect(toModelConfig(QWEN2)).toMatchObject({ attentionBias: "qkv", mlpBias: false });
    expect(toModelConfig({ ...LLAMA, attention_bias: true, mlp_bias: true })).toMatchObject({
      attentionBias: "qkvo",
      mlpBias: true,
    });
  });

  test("accepts a Qwen2 window that is not in use", () => {
    const config = toModelConfig({
      ...QWEN2,
      sliding_window: 32768,
      use_sliding_window: false,
      max_window_layers: 21,
    });
    expect(config.modelType).toBe("qwen2");
  });

  test("accepts plain rotary embeddings of every spelling", () => {
    const old = { ...LLAMA, rope_scaling: { rope_type: "default" } };
    const recent = {
      ...LLAMA,
      rope_theta: undefined,
      rope_parameters: { rope_type: "default", rope_theta: 500000 },
    };
    expect(toModelConfig(old).ropeTheta).toBe(10000);
    const bare = { rope_scaling: {}, original_max_position_embeddings: 64 };
    expect(toModelConfig({ ...LLAMA, ...bare })).toEqual(toModelConfig(LLAMA));
    expect(toModelConfig(recent).ropeTheta).toBe(500000);
  });

  test("takes a head width that is not hidden / heads", () => {
    expect(toModelConfig({ ...LLAMA, head_dim: 32 }).headDim).toBe(32);
  });

  test("takes several eos tokens", () => {
    expect(toModelConfig({ ...LLAMA, eos_token_id: [2, 5] }).eosTokenIds).toEqual([2, 5]);
  });
});

describe("toModelConfig, by families", () => {
  const { architectures: _, hidden_act: __, ...sizes } = LLAMA;
  const differencesOf = (json: object) => toModelConfig({ ...sizes, ...json }).differences;

  test("Llama, plain Mistral and Qwen2 differ in nothing but biases", () => {
    expect(differencesOf({ model_type: "llama" })).toBeUndefined();
    expect(differencesOf({ model_type: "mistral", sliding_window: null })).toBeUndefined();
    expect(differencesOf({ model_type: "qwen2", use_sliding_window: false })).toBeUndefined();
  });

  test("a window that the context never exceeds is none", () => {
    expect(differencesOf({ model_type: "mistral", sliding_window: 512 })).toBeUndefined();
    expect(differencesOf({ model_type: "mistral" })).toBeUndefined();
    expect(differencesOf({ model_type: "mistral", sliding_window: 511 })?.local?.window).toBe(511);
    expect(differencesOf({ model_type: "gemma2" })?.local).toBeUndefined();
    // As GGUF files are read.
    const said = { model_type: "mistral", sliding_window: 64, use_sliding_window: true };
    expect(differencesOf(said)?.local?.window).toBe(64);
  });

  test("Qwen's window begins at a layer, and only where it is switched on", () => {
    const window = { model_type: "qwen3", sliding_window: 64, max_window_layers: 3 };
    expect(differencesOf(window)?.local).toBeUndefined();
    const layers = [false, false, false, true, true];
    expect(differencesOf({ ...window, use_sliding_window: true })?.local?.layers).toEqual(layers);
  });

  test("Qwen3 has heads of 128 where nothing is said, and normed ones", () => {
    const config = toModelConfig({ ...sizes, model_type: "qwen3" });
    expect(config).toMatchObject({ headDim: 128, attentionBias: "none", differences: { qkNorm: true } });
  });

  test("Gemma 2 from what its file must say", () => {
    const json = { ...sizes, model_type: "gemma2", sliding_window: 64, hidden_activation: null };
    expect(toModelConfig(json)).toMatchObject({
      headDim: 256,
      differences: {
        normOffset: 1,
        postNorms: true,
        embeddingScale: 8,
        activation: "gelu_tanh",
        attentionScale: 1 / 16,
        attentionSoftcap: 50,
        finalSoftcap: 30,
        local: { window: 64, layers: [true, false, true, false, true], rope: { theta: 10000 } },
      },
    });
  });

  test("Gemma 3's local layers have their own theta, in both spellings", () => {
    const { rope_theta: _theta, ...plain } = sizes;
    const old = { ...plain, model_type: "gemma3_text", rope_scaling: { rope_type: "linear", factor: 8 } };
    const recent = {
      ...plain,
      model_type: "gemma3_text",
      layer_types: [true, true, true, true, true].map(() => "sliding_attention"),
      rope_parameters: {
        full_attention: { rope_type: "linear", factor: 8, rope_theta: 1e6 },
        sliding_attention: { rope_type: "default", rope_theta: 10000 },
      },
    };
    for (const json of [old, recent]) {
      const config = toModelConfig(json);
      expect(config.ropeTheta).toBe(1e6);
      expect(config.differences).toMatchObject({
        ropeScaling: { kind: "linear", factor: 8 },
        local: { layers: [true, true, true, true, true], rope: { theta: 10000 } },
      });
      expect(config.differences?.local).not.toHaveProperty("window");
      expect(config.differences?.local?.rope).not.toHaveProperty("scaling");
    }
  });

  test("Gemma 3's image models are read for their text", () => {
    const json = {
      architectures: ["Gemma3ForConditionalGeneration"],
      model_type: "gemma3",
      eos_token_id: [1, 106],
      text_config: {
        hidden_size: 2560,
        intermediate_size: 10240,
        model_type: "gemma3_text",
        num_hidden_layers: 34,
        rope_scaling: { factor: 8, rope_type: "linear" },
        sliding_window: 1024,
      },
      vision_config: { hidden_size: 1152 },
    };
    expect(toModelConfig(json)).toMatchObject({
      modelType: "gemma3_text",
      vocabSize: 262208,
      numHeads: 8,
      contextLength: 131072,
      tieWordEmbeddings: true,
      eosTokenIds: [1, 106],
      differences: { qkNorm: true, local: { window: 1024 } },
    });
  });

  test("layer_types must be of the layers' number, and agree where they are not obeyed", () => {
    const full = sizes.num_hidden_layers;
    const kinds = (kind: string, count: number) => Array.from({ length: count }, () => kind);
    const windowed = { ...sizes, model_type: "mistral", sliding_window: 64 };
    expect(refusal({ ...windowed, layer_types: kinds("full_attention", full) }).message).toContain(
      "layer_types must",
    );
    expect(refusal({ ...LLAMA, layer_types: kinds("full_attention", full - 1) }).message).toContain(
      "layer_types must",
    );
    const chunked = { ...sizes, model_type: "gemma2", layer_types: kinds("chunked_attention", full) };
    expect(refusal(chunked).message).toContain("layer_types must");
  });

  test("YaRN's magnitude follows from its factor unless it is given", () => {
    const yarn = { type: "yarn", factor: 4, original_max_position_embeddings: 128 };
    const scalingOf = (more: object) =>
      differencesOf({ model_type: "qwen2", rope_scaling: { ...yarn, ...more } })?.ropeScaling;
    expect(scalingOf({})).toEqual({
      kind: "yarn",
      factor: 4,
      betaFast: 32,
      betaSlow: 1,
      originalContext: 128,
      attentionFactor: 0.1 * Math.log(4) + 1,
      truncate: true,
    });
    const outside = { model_type: "qwen2", rope_scaling: yarn, original_max_position_embeddings: 64 };
    expect(differencesOf(outside)?.ropeScaling).toMatchObject({ originalContext: 64 });
    expect(scalingOf({ attention_factor: 1.5, mscale: 2 })).toMatchObject({ attentionFactor: 1.5 });
    expect(scalingOf({ mscale: 1, mscale_all_dim: 1 })).toMatchObject({ attentionFactor: 1 });
  });

  test("harmless fields of other families are ignored", () => {
    const json = {
      ...LLAMA,
      pretraining_tp: 1,
      is_llama_config: true,
      rope_interleaved: false,
      use_mrope: false,
      num_experts: 0,
      residual_multiplier: 1,
      partial_rotary_factor: 1,
      max_window_layers: 21,
      cache_implementation: "hybrid",
      quantization_config: null,
    };
    expect(toModelConfig(json)).toEqual(toModelConfig(LLAMA));
  });
});

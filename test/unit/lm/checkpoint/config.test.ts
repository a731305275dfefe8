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
      "scaled rotary embeddings",
      { rope_scaling: { rope_type: "llama3", factor: 8 } },
      "rope_scaling",
      "llama3",
    ],
    [
      "scaled rotary embeddings of the old spelling",
      { rope_scaling: { type: "linear", factor: 2 } },
      "rope_scaling",
      "linear",
    ],
    ["a factor without a type", { rope_scaling: { factor: 2 } }, "rope_scaling", "factor"],
    [
      "scaled rotary embeddings of the new spelling",
      { rope_parameters: { rope_type: "yarn", rope_theta: 1e4 } },
      "rope_parameters",
      "yarn",
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
    ["packed weights", { quantization_config: { quant_method: "gptq" } }, "quantization_config", "gptq"],
  ])("%s, as not supported", (_, change, field, got) => {
    const error = refusal({ ...LLAMA, ...change });
    expect(error.code).toBe("failed_precondition");
    expect(error.message).toContain(`config.json: ${field} must`);
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
    expect(toModelConfig(recent).ropeTheta).toBe(500000);
  });

  test("takes a head width that is not hidden / heads", () => {
    expect(toModelConfig({ ...LLAMA, head_dim: 32 }).headDim).toBe(32);
  });

  test("takes several eos tokens", () => {
    expect(toModelConfig({ ...LLAMA, eos_token_id: [2, 5] }).eosTokenIds).toEqual([2, 5]);
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toModelConfig } from "#shared/lm/checkpoint/config.js";
import { openGguf } from "#shared/lm/checkpoint/gguf/open.js";
import { assertTensors } from "#shared/lm/checkpoint/tensors.js";
import { createTokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { createRng } from "#shared/rng.js";
import { describe, expect, test } from "vitest";
import {
  byteLevelMetadata,
  type Conversion,
  type HuggingFaceTensor,
  llamaMetadata,
  toGgufTensors,
} from "../../../../fakes/gguf-models.js";
import { floats, type GgufContent, ggufBytes, type GgufValue } from "../../../../fakes/gguf-writer.js";
import { temporaryDirectory } from "../../../../fakes/temporary-directory.js";

const directory = await temporaryDirectory();
let files = 0;

async function open(content: GgufContent) {
  const path = join(directory, `model-${++files}.gguf`);
  await writeFile(path, ggufBytes(content));
  return openGguf(path);
}

const SIZES = {
  hiddenSize: 8,
  intermediateSize: 12,
  numLayers: 1,
  numHeads: 2,
  numKvHeads: 1,
  headDim: 4,
  ropeTheta: 5000,
  rmsNormEps: 1e-6,
  contextLength: 64,
};
const TOKENS = ["<|end|>", "a", "b", "Ġ", "1", "2"];
const TOKENIZER = byteLevelMetadata(TOKENS, "qwen2");

/** The metadata of another family: the same settings below another name. */
function metadataOf(architecture: string, more: Record<string, GgufValue> = {}): Record<string, GgufValue> {
  const renamed = Object.entries(llamaMetadata(SIZES)).map(([key, value]) => [
    key.replace(/^llama\./, `${architecture}.`),
    value,
  ]);
  const own = Object.entries(more).map(([key, value]) => [
    key.includes("general.") || key.startsWith("tokenizer.") ? key : `${architecture}.${key}`,
    value,
  ]);
  return {
    ...Object.fromEntries(renamed),
    "general.architecture": { text: architecture },
    ...TOKENIZER,
    ...Object.fromEntries(own),
  };
}

function random(name: string, shape: readonly number[]): HuggingFaceTensor {
  const rng = createRng(3, name);
  const length = shape.reduce((product, size) => product * size, 1);
  return { name, shape, data: Float32Array.from({ length }, () => rng.normal()) };
}

const LAYER = "model.layers.0";
const weights = (...more: HuggingFaceTensor[]): HuggingFaceTensor[] => [
  random("model.embed_tokens.weight", [6, 8]),
  random(`${LAYER}.input_layernorm.weight`, [8]),
  random(`${LAYER}.self_attn.q_proj.weight`, [8, 8]),
  random(`${LAYER}.self_attn.k_proj.weight`, [4, 8]),
  random(`${LAYER}.self_attn.v_proj.weight`, [4, 8]),
  random(`${LAYER}.self_attn.o_proj.weight`, [8, 8]),
  random(`${LAYER}.post_attention_layernorm.weight`, [8]),
  random(`${LAYER}.mlp.gate_proj.weight`, [12, 8]),
  random(`${LAYER}.mlp.up_proj.weight`, [12, 8]),
  random(`${LAYER}.mlp.down_proj.weight`, [8, 12]),
  random("model.norm.weight", [8]),
  ...more,
];
const biases = ["q", "k", "v"].map((name) =>
  random(`${LAYER}.self_attn.${name}_proj.bias`, [name === "q" ? 8 : 4]),
);
const headNorms = ["q_norm", "k_norm"].map((name) => random(`${LAYER}.self_attn.${name}.weight`, [4]));
const gemmaNorms = ["pre_feedforward_layernorm", "post_feedforward_layernorm"].map((name) =>
  random(`${LAYER}.${name}.weight`, [8]),
);
const permutedHeads = { q: 2, k: 1 };

describe("weights come back under Hugging Face's names, in its layout", () => {
  const families: [string, HuggingFaceTensor[], Conversion][] = [
    ["llama", weights(random("lm_head.weight", [6, 8])), { permutedHeads }],
    ["llama", weights(...biases, random(`${LAYER}.self_attn.o_proj.bias`, [8])), { permutedHeads }],
    ["qwen2", weights(...biases), {}],
    ["qwen3", weights(...headNorms), {}],
    ["gemma2", weights(...gemmaNorms), { gemma: true }],
    ["gemma3", weights(...gemmaNorms, ...headNorms), { gemma: true }],
  ];
  test.each(families)("%s", async (architecture, tensors, conversion) => {
    const gguf = await open({
      metadata: metadataOf(architecture),
      tensors: toGgufTensors(tensors, conversion),
    });
    expect([...gguf.tensors.tensors.keys()]).toEqual(tensors.map(({ name }) => name));
    assertTensors(toModelConfig(gguf.config), gguf.tensors);
    for (const { name, shape, data } of tensors) {
      expect([name, gguf.tensors.tensors.get(name)!.shape]).toEqual([name, shape]);
      const values = await gguf.tensors.read(name);
      // Adding 1 to a norm's weight and taking it away rounds.
      if (conversion.gemma && name.endsWith("norm.weight")) expect(values).toBeAllclose(data, { atol: 2e-7 });
      else expect([name, Buffer.from(values.buffer).equals(Buffer.from(data.buffer))]).toEqual([name, true]);
    }
  });
});

describe("metadata as config.json", () => {
  /** One that is understood. */
  const configOf = async (
    architecture: string,
    more: Record<string, GgufValue> = {},
    tensors = weights(),
  ) => {
    const metadata = metadataOf(architecture, more);
    const { config } = await open({ metadata, tensors: toGgufTensors(tensors) });
    toModelConfig(config);
    return config;
  };

  test("llama: sizes, ends, and a head that is the embedding", async () => {
    const config = await configOf("llama", {
      "tokenizer.ggml.eot_token_id": { u32: 1 },
      "tokenizer.ggml.bos_token_id": { u32: 2 },
    });
    expect(config).toEqual({
      model_type: "llama",
      vocab_size: 6,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: 4,
      max_position_embeddings: 64,
      rms_norm_eps: 1e-6,
      rope_theta: 5000,
      tie_word_embeddings: true,
      hidden_act: "silu",
      attention_bias: false,
      mlp_bias: false,
      // <|end|> ends a turn by its name alone.
      eos_token_id: [0, 1],
      bos_token_id: 2,
    });
  });

  test("llama with a window is Mistral, with an output of its own not tied", async () => {
    const head = weights(random("lm_head.weight", [6, 8]));
    const config = await configOf("llama", { "attention.sliding_window": { u32: 16 } }, head);
    expect(config).toMatchObject({ model_type: "mistral", sliding_window: 16, tie_word_embeddings: false });
  });

  test("scaled rotations: linear, yarn, and divisors of the frequencies", async () => {
    const linear = { "rope.scaling.type": { text: "linear" }, "rope.scaling.factor": { f32: 4 } };
    expect(await configOf("llama", linear)).toMatchObject({
      rope_scaling: { rope_type: "linear", factor: 4 },
    });
    const yarn = {
      "rope.scaling.type": { text: "yarn" },
      "rope.scaling.factor": { f32: 4 },
      "rope.scaling.original_context_length": { u32: 16 },
    };
    expect(await configOf("qwen2", yarn)).toMatchObject({
      rope_scaling: { rope_type: "yarn", factor: 4, original_max_position_embeddings: 16 },
    });
    const tensors = [...toGgufTensors(weights()), floats("rope_freqs.weight", [2], Float32Array.of(1, 8))];
    const { config } = await open({ metadata: metadataOf("llama"), tensors });
    expect(toModelConfig(config).differences).toEqual({
      ropeScaling: { kind: "frequency_factors", factors: [1, 8] },
    });
    expect(config).toMatchObject({ rope_scaling: { rope_type: "frequency_factors", factors: [1, 8] } });
  });

  test.each([[[4096]], [[2, 2]]])("divisors of frequencies of shape %j are not read", async (shape) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
    const tensors = [...toGgufTensors(weights()), floats("rope_freqs.weight", shape, values)];
    await expect(open({ metadata: metadataOf("llama"), tensors })).rejects.toThrow(
      /tensor rope_freqs\.weight must be a row of at most 2048 numbers, got shape \[.*; convert/,
    );
  });

  test("gemma: soft-caps, window, scale of attention", async () => {
    const settings = {
      attn_logit_softcapping: { f32: 50 },
      final_logit_softcapping: { f32: 30 },
      "attention.sliding_window": { u32: 16 },
    };
    expect(await configOf("gemma2", settings)).toMatchObject({
      model_type: "gemma2",
      hidden_activation: "gelu_pytorch_tanh",
      query_pre_attn_scalar: 4,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
      sliding_window: 16,
    });
    expect(await configOf("gemma3", { "attention.sliding_window": { u32: 16 } })).toMatchObject({
      model_type: "gemma3_text",
      rope_local_base_freq: 10000,
      sliding_window_pattern: 6,
    });
  });

  test.each<[string, Record<string, GgufValue>, RegExp]>([
    ["mamba", {}, /general\.architecture must be one of llama, .*gemma3, got "mamba"/],
    ["llama", { logit_scale: { f32: 2 } }, /llama\.logit_scale is not known here/],
    ["llama", { expert_count: { u32: 8 } }, /llama\.expert_count must be 0 .*got 8/],
    [
      "llama",
      { "rope.dimension_count": { u32: 2 } },
      /rope\.dimension_count must be the size of a head \(4\), got 2/,
    ],
    [
      "llama",
      { "rope.scaling.type": { text: "longrope" } },
      /rope\.scaling\.type must be none, linear or yarn/,
    ],
    [
      "qwen2",
      { "attention.sliding_window": { u32: 8 } },
      /qwen2\.attention\.sliding_window must be 0 or absent/,
    ],
    ["llama", { block_count: { text: "one" } }, /llama\.block_count must be a number, got "one"/],
    ["llama", { "attention.head_count": { i32s: [2, 2] } }, /head_count must be a number, got an array/],
    [
      "llama",
      { "general.split.count": { u32: 1 }, "split.count": { u32: 1 } },
      /llama\.split\.count is not known/,
    ],
  ])("%s refuses %j", async (architecture, more, message) => {
    await expect(configOf(architecture, more)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(message),
    });
  });

  test("refuses a part of a model, and names the tool that puts parts together", async () => {
    const metadata = { ...metadataOf("llama"), "split.count": { u32: 3 }, "split.no": { u32: 1 } };
    await expect(open({ metadata, tensors: [] })).rejects.toMatchObject({
      message: expect.stringMatching(/part 2 of 3; put the parts together with llama-gguf-split --merge/),
    });
  });

  test("refuses a tensor that such models do not have", async () => {
    const tensors = [floats("blk.0.ffn_gate_exps.weight", [8], new Float32Array(8))];
    await expect(open({ metadata: metadataOf("llama"), tensors })).rejects.toMatchObject({
      message: expect.stringMatching(/blk\.0\.ffn_gate_exps\.weight.*no such tensor/),
    });
  });
});

describe("metadata as tokenizer.json", () => {
  const tokenizerOf = async (more: Record<string, GgufValue>) => {
    const gguf = await open({
      metadata: { ...metadataOf("llama"), ...more },
      tensors: toGgufTensors(weights()),
    });
    return createTokenizer(JSON.stringify(gguf.tokenizerJson()), gguf.tokenizerConfig);
  };

  test("puts BOS and EOS where the file says so, or its kind does", async () => {
    const bos = { "tokenizer.ggml.bos_token_id": { u32: 5 } };
    const encode = async (more: Record<string, GgufValue>) =>
      (await tokenizerOf({ ...bos, ...more })).encode("ab", { addSpecialTokens: true });
    expect(await encode({})).toEqual([1, 2]);
    expect(await encode({ "tokenizer.ggml.pre": { text: "llama-bpe" } })).toEqual([5, 1, 2]);
    expect(await encode({ "tokenizer.ggml.add_bos_token": { bool: true } })).toEqual([5, 1, 2]);
    expect(await encode({ "tokenizer.ggml.add_eos_token": { bool: true } })).toEqual([1, 2, 0]);
  });

  test("keeps a piece that is a token whole where merges are ignored", async () => {
    const tokens = { texts: ["<|end|>", "a", "b", "ab", "1", "12"] };
    const more = { "tokenizer.ggml.tokens": tokens };
    const encode = async (pre: string) =>
      (await tokenizerOf({ ...more, "tokenizer.ggml.pre": { text: pre } })).encode("ab12", {
        addSpecialTokens: false,
      });
    expect(await encode("llama-bpe")).toEqual([3, 5]);
    expect((await encode("qwen2")).slice(0, 3)).toEqual([1, 2, 4]);
  });

  test.each<[Record<string, GgufValue>, RegExp]>([
    [
      { "tokenizer.ggml.model": { text: "t5" } },
      /model must be gpt2 or llama, got "t5"; put the model's tokenizer\.json/,
    ],
    [{ "tokenizer.ggml.pre": { text: "bloom" } }, /pre must be one of gpt-2, .*got "bloom"; put/],
    [
      { "tokenizer.ggml.token_type": { i32s: [1] } },
      /token_type must have a value for each of the 6 tokens, got 1/,
    ],
    [
      { "tokenizer.ggml.tokens": { texts: ["a", "b", "a", "d", "e", "f"] } },
      /must differ .*got "a" as 0 and 2/,
    ],
    [{ "tokenizer.ggml.eos_token_id": { u32: 6 } }, /eos_token_id must be below 6, got 6/],
    [{ "tokenizer.ggml.merges": { texts: ["ab"] } }, /merges must be pairs/],
    [{ "tokenizer.ggml.model": { text: "llama" } }, /tokenizer\.ggml\.scores must be there/],
  ])("refuses %j", async (more, message) => {
    await expect(tokenizerOf(more)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(message),
    });
  });
});

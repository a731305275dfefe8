import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { toModelConfig } from "#shared/lm/checkpoint/config.js";
import { toGenerationConfig } from "#shared/lm/checkpoint/generation-config.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { countParameters, expectedTensors } from "#shared/lm/checkpoint/tensors.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeWithShared, sharedPath } from "../../../shared-data.js";

const CONFIG = {
  model_type: "qwen2",
  vocab_size: 8,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 16,
  rms_norm_eps: 1e-6,
  eos_token_id: 1,
};
const TOKENIZER = {
  added_tokens: [{ id: 1, content: "<eos>", special: true }],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: "Fuse" },
  model: { type: "BPE", vocab: { a: 0, b: 2, "\n": 3 }, merges: [] },
};

let parent: string;
let dir: string;
const put = (file: string, content: unknown) => writeFileSync(join(dir, file), JSON.stringify(content));

function tensorsOf(config: object) {
  return expectedTensors(toModelConfig(config)).map(({ name, shape }) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.25),
  }));
}

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), "checkpoint-"));
  dir = join(parent, "tiny");
  mkdirSync(dir);
  put("config.json", CONFIG);
  put("tokenizer.json", TOKENIZER);
  await writeSafetensors(join(dir, "model.safetensors"), tensorsOf(CONFIG), { dtype: "F16" });
});
afterEach(() => rmSync(parent, { recursive: true }));

async function refusal(): Promise<ServiceError> {
  const error: unknown = await loadCheckpoint(dir).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ServiceError) return error;
  throw new Error(`expected a ServiceError, got ${String(error)}`);
}

describe("tokens that were added beyond the embeddings", () => {
  const image = { id: 8, content: "<image>", special: true };
  const withImage = { ...TOKENIZER, added_tokens: [...TOKENIZER.added_tokens, image] };

  test("are plain text where nothing needs them (Gemma 3 1B has one)", async () => {
    const { vocab } = TOKENIZER.model;
    for (const more of [{}, { "<image>": 8 }]) {
      put("tokenizer.json", { ...withImage, model: { ...TOKENIZER.model, vocab: { ...vocab, ...more } } });
      const { tokenizer } = await loadCheckpoint(dir);
      expect(tokenizer.vocabularySize).toBe(4);
      expect(tokenizer.encode("a<image>b<eos>", { addSpecialTokens: false })).toEqual([0, 0, 2, 1]);
    }
  });

  test.each([
    ["the chat template", { chat_template: "{{ '<image>' }}" }],
    ["EOS", { eos_token: { content: "<image>" } }],
  ])("are refused where %s needs them", async (_, config) => {
    put("tokenizer.json", withImage);
    put("tokenizer_config.json", config);
    expect((await refusal()).message).toMatch(/its ids must be below .*vocab_size \(8\), got 8; take both/);
  });
});

describe("loadCheckpoint refuses", () => {
  test("a directory that is not there, or is a file", async () => {
    dir = join(parent, "nowhere");
    expect(await refusal()).toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/nowhere: .* must be a directory/),
    });
    writeFileSync(dir, "");
    expect(await refusal()).toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/there is a file/),
    });
  });

  test.each([["config.json"], ["tokenizer.json"], ["model.safetensors"]])(
    "a directory without %s",
    async (file) => {
      rmSync(join(dir, file));
      expect(await refusal()).toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining(`must hold ${file}`),
      });
    },
  );

  test.each([["config.json"], ["tokenizer.json"], ["tokenizer_config.json"], ["generation_config.json"]])(
    "a %s that is no JSON",
    async (file) => {
      writeFileSync(join(dir, file), "{ not json");
      expect((await refusal()).message).toMatch(new RegExp(`^${file}: must be JSON`));
    },
  );

  test("a tensor that is missing, in the wrong shape, of a wrong type, or too many", async () => {
    const path = join(dir, "model.safetensors");
    const tensors = tensorsOf(CONFIG);
    const name = "model.layers.0.self_attn.k_proj.weight";
    await writeSafetensors(
      path,
      tensors.filter((tensor) => tensor.name !== name),
      { dtype: "F32" },
    );
    expect((await refusal()).message).toMatch(/k_proj\.weight must be .* of shape \[4, 8\].* but is missing/);
    const turned = tensors.map((tensor) => (tensor.name === name ? { ...tensor, shape: [8, 4] } : tensor));
    await writeSafetensors(path, turned, { dtype: "F32" });
    expect((await refusal()).message).toMatch(/shape \[4, 8\].* got F32 of shape \[8, 4\]/);
    await writeSafetensors(
      path,
      [...tensors, { name: "model.layers.1.mlp.up_proj.weight", shape: [0], data: new Float32Array() }],
      { dtype: "F32" },
    );
    expect((await refusal()).message).toMatch(/layers\.1\.mlp\.up_proj\.weight .* must not be there/);
    await writeSafetensors(path, tensors, { dtype: "F32" });
    writeFileSync(path, readFileSync(path, "latin1").replaceAll('"F32"', '"U32"'), "latin1");
    expect((await refusal()).message).toMatch(/got U32 of shape/);
  });

  test("norms of a family that are missing or of the wrong size, by name", async () => {
    const gemma = { ...CONFIG, model_type: "gemma3_text", head_dim: 4, num_attention_heads: 2 };
    put("config.json", gemma);
    const all = tensorsOf(gemma);
    const write = (tensors: typeof all) =>
      writeSafetensors(join(dir, "model.safetensors"), tensors, { dtype: "F32" });
    const name = "model.layers.0.self_attn.q_norm.weight";
    await write(all.filter((tensor) => tensor.name !== name));
    expect((await refusal()).message).toMatch(/q_norm.weight must be F32.* of shape \[4\].*missing/);
    const norm = "model.layers.0.pre_feedforward_layernorm.weight";
    const short = { name: norm, shape: [4], data: new Float32Array(4) };
    await write(all.map((tensor) => (tensor.name === norm ? short : tensor)));
    expect((await refusal()).message).toMatch(
      /pre_feedforward_layernorm.* of shape \[8\].*got F32 of shape \[4\]/,
    );
    put("config.json", CONFIG);
    await write([...tensorsOf(CONFIG), { name, shape: [4], data: new Float32Array(4) }]);
    expect((await refusal()).message).toContain(`${name} of shape [4] must not be there`);
  });

  test("a tokenizer with more tokens than the model", async () => {
    put("tokenizer.json", { ...TOKENIZER, model: { ...TOKENIZER.model, vocab: { a: 0, b: 8 } } });
    expect((await refusal()).message).toMatch(
      /tokenizer\.json: its ids must be below .*vocab_size \(8\), got 8/,
    );
  });

  test("an eos of generation_config.json outside the vocabulary", async () => {
    put("generation_config.json", { eos_token_id: [1, 8] });
    expect((await refusal()).message).toMatch(
      /generation_config\.json: eos_token_id must be below vocab_size \(8\), got 8/,
    );
  });

  test("to go on when aborted", async () => {
    await expect(loadCheckpoint(dir, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});

describe("loadCheckpoint", () => {
  test("opens a directory as a whole", async () => {
    put("tokenizer_config.json", { chat_template: "{{ messages[0].content }}" });
    put("generation_config.json", {
      eos_token_id: [1, 3],
      temperature: 0.7,
      deliberate: { step_delimiter: "\n" },
    });
    const checkpoint = await loadCheckpoint(`${dir}/`);
    expect(checkpoint).toMatchObject({ name: "tiny", directory: dir });
    expect(checkpoint.config).toMatchObject({ attentionBias: "qkv", eosTokenIds: [1, 3] });
    expect(checkpoint.generation).toEqual({ temperature: 0.7, stepDelimiter: "\n" });
    expect(checkpoint.tokenizer.encode("ab\n", { addSpecialTokens: true })).toEqual([0, 2, 3]);
    expect(checkpoint.chatTemplate?.render([{ role: "user", content: "a" }], true)).toBe("a");
    expect([...(await checkpoint.tensors.read("model.norm.weight"))]).toEqual(Array(8).fill(0.25));
  });

  test("does without the optional files", async () => {
    const checkpoint = await loadCheckpoint(dir);
    expect(checkpoint).not.toHaveProperty("chatTemplate");
    expect(checkpoint.generation).toEqual({ stepDelimiter: "\n\n" });
  });

  test("ignores an untied head of its own when tied, rotary tables and other heads", async () => {
    put("config.json", { ...CONFIG, tie_word_embeddings: true });
    const extra = ["lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq", "score.weight"];
    const more = extra.map((name) => ({ name, shape: [1], data: Float32Array.of(1) }));
    const tensors = tensorsOf(CONFIG).filter(({ name }) => name !== "lm_head.weight");
    await writeSafetensors(join(dir, "model.safetensors"), [...tensors, ...more], { dtype: "F32" });
    expect((await loadCheckpoint(dir)).config.tieWordEmbeddings).toBe(true);
  });

  test.each([["language_model.model."], ["model.language_model."]])(
    "finds the language model of an image model under %s",
    async (inside) => {
      const text = { ...CONFIG, model_type: "gemma3_text", head_dim: 4, num_attention_heads: 2 };
      put("config.json", { model_type: "gemma3", text_config: text, vision_config: {} });
      const tensors = tensorsOf(text).map((tensor) => ({
        ...tensor,
        name: tensor.name.replace(/^model\./, inside),
      }));
      const vision = { name: "model.vision_tower.weight", shape: [2], data: new Float32Array(2) };
      await writeSafetensors(join(dir, "model.safetensors"), [...tensors, vision], { dtype: "F32" });
      const { config, tensors: found } = await loadCheckpoint(dir);
      expect(config.modelType).toBe("gemma3_text");
      expect([...found.tensors.keys()].sort()).toEqual(
        tensorsOf(text)
          .map(({ name }) => name)
          .sort(),
      );
      expect(await found.read("model.norm.weight")).toEqual(new Float32Array(8).fill(0.25));
    },
  );

  test("has a hash that follows configuration and weights, and nothing else", async () => {
    const { hash } = await loadCheckpoint(dir);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    put("generation_config.json", { temperature: 0.5 });
    expect((await loadCheckpoint(dir)).hash).toBe(hash);
    appendFileSync(join(dir, "config.json"), " ");
    const changed = (await loadCheckpoint(dir)).hash;
    expect(changed).not.toBe(hash);
    const path = join(dir, "model.safetensors");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    expect((await loadCheckpoint(dir)).hash).not.toBe(changed);
  });
});

describe("toGenerationConfig", () => {
  test.each([
    ["temperature", -0.1],
    ["temperature", 11],
    ["top_k", 1.5],
    ["top_p", 0],
    ["top_p", "0.9"],
    ["min_p", 1.1],
    ["repetition_penalty", 0],
    ["eos_token_id", "end"],
    ["deliberate", { step_delimiter: "" }],
    ["deliberate", { step_delimeter: "\n" }],
    ["deliberate", "\n"],
  ])("refuses %s %j", (field, value) => {
    expect(() => toGenerationConfig({ [field]: value })).toThrow(
      new RegExp(`generation_config\\.json: ${field} must`),
    );
  });

  test("takes Hugging Face's 0 for top_k as off", () => {
    expect(toGenerationConfig({ top_k: 0, top_p: 1 }).defaults).toEqual({ topP: 1, stepDelimiter: "\n\n" });
  });
});

describeWithShared("real checkpoints", ["models/stories260K", "fixtures/tiny_train"], () => {
  test("stories260K opens, with the parameters it is named for", async () => {
    const checkpoint = await loadCheckpoint(sharedPath("models", "stories260K")!);
    expect(checkpoint.name).toBe("stories260K");
    expect(countParameters(checkpoint.config)).toBe(260_032);
    expect(checkpoint.config.eosTokenIds).toEqual([2]);
    const embedding = await checkpoint.tensors.read("model.embed_tokens.weight");
    expect(embedding).toHaveLength(512 * 64);
    expect(embedding.every(Number.isFinite)).toBe(true);
  });
});

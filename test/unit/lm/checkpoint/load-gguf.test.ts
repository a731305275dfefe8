import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { beforeEach, describe, expect, test } from "vitest";
import { byteLevelMetadata, llamaMetadata, toGgufTensors } from "../../../fakes/gguf-models.js";
import { ggufBytes, type GgufValue } from "../../../fakes/gguf-writer.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

const root = await temporaryDirectory();
const config = tinyConfig({ vocabSize: 6, hiddenSize: 16, intermediateSize: 16, numLayers: 1, headDim: 4 });
const source = tinySource(config);
const tensors = toGgufTensors(
  [...source.tensors.tensors.values()].map(({ name, shape }) => ({
    name,
    shape,
    data: source.weights.get(name)!,
  })),
  { permutedHeads: { q: 4, k: 2 } },
);
const TOKENS = ["<|end|>", "a", "b", "Ġ", "1", "2"];
const bytes = (more: Record<string, GgufValue> = {}) =>
  ggufBytes({
    metadata: { ...llamaMetadata(config), ...byteLevelMetadata(TOKENS, "gpt-2"), ...more },
    tensors,
  });

let dirs = 0;
let dir: string;
let file: string;
beforeEach(() => {
  dir = join(root, `model-${++dirs}`);
  mkdirSync(dir);
  file = join(dir, "tiny.gguf");
  writeFileSync(file, bytes({ "tokenizer.chat_template": { text: "{{ messages[0].content }}" } }));
});

const CONFIG = {
  model_type: "llama",
  vocab_size: 6,
  hidden_size: 16,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 99,
  rms_norm_eps: 1e-5,
  eos_token_id: 1,
};
const put = (name: string, content: unknown) => writeFileSync(join(dir, name), JSON.stringify(content));
const refused = (path: string, message: RegExp) =>
  expect(loadCheckpoint(path)).rejects.toMatchObject({ message: expect.stringMatching(message) });

test("a file alone has all that a directory has, and takes nothing from its neighbours", async () => {
  put("config.json", { ...CONFIG, num_hidden_layers: 7 });
  const checkpoint = await loadCheckpoint(file);
  expect(checkpoint).toMatchObject({
    name: "tiny",
    directory: dir,
    config: { contextLength: 1024, eosTokenIds: [0] },
  });
  expect(checkpoint.tokenizer.encode("ab 12", { addSpecialTokens: true })).toEqual([1, 2, 3, 4, 5]);
  expect(checkpoint.chatTemplate!.render([{ role: "user", content: "a" }], true)).toBe("a");
  const name = "model.layers.0.self_attn.k_proj.weight";
  expect([...(await checkpoint.tensors.read(name))]).toEqual([...source.weights.get(name)!]);
});

test("a directory around it has the first word", async () => {
  expect(await loadCheckpoint(dir)).toMatchObject({ config: { contextLength: 1024 } });
  put("config.json", CONFIG);
  put("tokenizer_config.json", { chat_template: "mine" });
  put("generation_config.json", { eos_token_id: 2, deliberate: { step_delimiter: "\n" } });
  const checkpoint = await loadCheckpoint(dir);
  expect(checkpoint.config).toMatchObject({ contextLength: 99, eosTokenIds: [2] });
  expect(checkpoint.generation.stepDelimiter).toBe("\n");
  expect(checkpoint.chatTemplate!.render([], true)).toBe("mine");
});

test("the hash follows the file's content, not its name", async () => {
  const { hash } = await loadCheckpoint(file);
  copyFileSync(file, join(dir, "other.gguf"));
  expect((await loadCheckpoint(join(dir, "other.gguf"))).hash).toBe(hash);
  writeFileSync(file, bytes({ "general.name": { text: "another" } }));
  expect((await loadCheckpoint(file)).hash).not.toBe(hash);
});

describe("loadCheckpoint refuses", () => {
  test("a directory with several GGUF files, naming them", async () => {
    copyFileSync(file, join(dir, "other.gguf"));
    await refused(dir, /must hold one GGUF file, got other\.gguf, tiny\.gguf; name the one that is meant/);
  });

  test("a directory without weights", async () => {
    rmSync(file);
    await refused(dir, /must hold model\.safetensors.* or a \.gguf file/);
  });

  test("a config.json of another model, by shape or by heads", async () => {
    put("config.json", { ...CONFIG, intermediate_size: 20 });
    await refused(dir, /gate_proj\.weight must be .*shape \[20, 16\].*got F32 of shape \[16, 16\]/);
    put("config.json", { ...CONFIG, num_attention_heads: 8, head_dim: 2, num_key_value_heads: 4 });
    await refused(dir, /config\.json: num_attention_heads must be 4, as tiny\.gguf says .*got 8/);
  });

  test("metadata that a config.json could not have, naming the file", async () => {
    writeFileSync(file, bytes({ "llama.attention.head_count_kv": { u32: 3 } }));
    await refused(file, /^tiny\.gguf: its metadata as config\.json: num_key_value_heads must divide/);
  });

  test("a file without a tokenizer, unless the directory has one", async () => {
    const metadata = llamaMetadata(config);
    writeFileSync(file, ggufBytes({ metadata, tensors }));
    await refused(file, /tiny\.gguf: metadata tokenizer\.ggml\.tokens must be there/);
    put("tokenizer.json", {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Fuse" },
      model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
    });
    expect((await loadCheckpoint(dir)).tokenizer.encode("ba", { addSpecialTokens: true })).toEqual([1, 0]);
  });

  test("to go on when aborted", async () => {
    await expect(loadCheckpoint(file, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});

/** A seeded random Llama in the Hugging Face layout: 20 tokens, so that steps and ends come by chance within a few tokens. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { parameterLayout } from "#shared/lm/graph/training.js";
import { initialParameters } from "#train/language-model/init.js";
import { writeTokenizer } from "#train/tokenizer/tokenizer-json.js";

/** In GPT-2's byte alphabet, where Ġ is the space and Ċ the newline. */
const VOCABULARY = ["<|end|>", "<|pad|>", ...Array.from("0123456789+-=#?p"), "Ġ", "Ċ"];

export async function writeTinyDirectory(directory: string, seed: number, layers: number): Promise<void> {
  const config: ModelConfig = {
    modelType: "llama",
    vocabSize: VOCABULARY.length,
    hiddenSize: 32,
    intermediateSize: 64,
    numLayers: layers,
    numHeads: 4,
    numKvHeads: 2,
    headDim: 8,
    ropeTheta: 10_000,
    rmsNormEps: 1e-5,
    contextLength: 128,
    tieWordEmbeddings: false,
    attentionBias: "none",
    mlpBias: false,
    eosTokenIds: [0],
  };
  await mkdir(directory, { recursive: true });
  const parameters = initialParameters(config, seed);
  const tensors = parameterLayout(config).map(({ name, shape, offset, length }) => ({
    name,
    shape,
    // Far from uniform logits: otherwise every score would be the same.
    data: parameters.subarray(offset, offset + length).map((x) => (name === "lm_head.weight" ? 12 * x : x)),
  }));
  await writeSafetensors(join(directory, "model.safetensors"), tensors, { dtype: "F32" });
  writeTokenizer(directory, { vocabulary: VOCABULARY, merges: [] });
  const json = {
    model_type: "llama",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKvHeads,
    head_dim: config.headDim,
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    hidden_act: "silu",
    tie_word_embeddings: false,
    eos_token_id: 0,
  };
  await writeFile(join(directory, "config.json"), JSON.stringify(json));
  await writeFile(
    join(directory, "generation_config.json"),
    JSON.stringify({ eos_token_id: 0, temperature: 1, deliberate: { step_delimiter: "\n" } }),
  );
}

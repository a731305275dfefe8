/** A trained model in the Hugging Face layout: config.json, model.safetensors (F16), tokenizer, generation_config.json. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { parameterLayout } from "#shared/lm/graph/training.js";
import { writeTokenizer } from "#train/tokenizer/tokenizer-json.js";

/** What `config.json` says of a model that we train (always Llama, without biases). */
function configJson(config: ModelConfig): object {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: config.modelType,
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
    tie_word_embeddings: config.tieWordEmbeddings,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: null,
    eos_token_id: config.eosTokenIds[0],
    torch_dtype: "float16",
  };
}

/** Writes all files of the checkpoint into `directory` (made if missing). */
export async function writeCheckpoint(
  directory: string,
  config: ModelConfig,
  parameters: Float32Array,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tensors = parameterLayout(config).map(({ name, shape, offset, length }) => ({
    name,
    shape,
    data: parameters.subarray(offset, offset + length),
  }));
  await writeSafetensors(join(directory, "model.safetensors"), tensors, { dtype: "F16", metadata });
  writeTokenizer(directory);
  const files = {
    "config.json": configJson(config),
    "generation_config.json": {
      eos_token_id: config.eosTokenIds[0],
      do_sample: true,
      temperature: 1,
      deliberate: { step_delimiter: "\n" },
    },
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(directory, name), `${JSON.stringify(content, undefined, 2)}\n`);
}

/**
 * The published families of PRMs in small: the layout of each family's files, with seeded random weights and a tokenizer
 * of its kind, and the way its publishers feed and read it, over the whole conversation at once.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ModelConfig, toModelConfig } from "#shared/lm/checkpoint/config.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { expectedTensors } from "#shared/lm/checkpoint/tensors.js";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { createRng } from "#shared/rng.js";
import { byteLevelFiles, sentencePieceFiles } from "./prm-tokenizers.js";
import { referenceForward } from "./reference-decoder.js";
import { tinySource } from "./tiny-checkpoint.js";

export interface PublishedPrm {
  readonly family: string;
  /** What the publisher calls it; the directory's name. */
  readonly name: string;
  readonly config: ModelConfig;
  /** Scores of a solution's steps as the published code computes them: one pass over everything, no cache. */
  scores(tokenizer: Tokenizer, weights: Weights, problem: string, steps: readonly string[]): number[];
  /** Tokens of the whole conversation up to the one where the last step's score is read. */
  tokens(tokenizer: Tokenizer, problem: string, steps: readonly string[]): number[];
}

export type Weights = Map<string, Float32Array>;

interface Layout extends PublishedPrm {
  readonly configJson: object;
  readonly files: ReturnType<typeof byteLevelFiles>;
  readonly head: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const H = 48;
const SIZES = {
  hidden_size: H,
  intermediate_size: 84,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-5,
  hidden_act: "silu",
};

/** config.json, and what it means once the family's own name is taken from it. */
function configured(architecture: string, fields: object): { configJson: object; config: ModelConfig } {
  const configJson = { architectures: [architecture], ...SIZES, ...fields };
  return { configJson, config: toModelConfig({ ...configJson, architectures: null }) };
}

/** Two numbers' softmax, the second's share, the plain way. */
const share = (other: number, own: number): number => Math.exp(own) / (Math.exp(own) + Math.exp(other));
const encode = (tokenizer: Tokenizer, text: string): number[] =>
  tokenizer.encode(text, { addSpecialTokens: false });
const positionsOf = (ids: readonly number[], token: number): number[] =>
  ids.flatMap((id, index) => (id === token ? [index] : []));
const upTo = (ids: readonly number[], positions: readonly number[]): number[] =>
  ids.slice(0, positions.at(-1)! + 1);

function linear(weights: Weights, name: string, x: readonly number[]): number[] {
  const weight = weights.get(`${name}.weight`)!;
  return Array.from(weights.get(`${name}.bias`)!, (bias, row) =>
    x.reduce((sum, value, i) => sum + weight[row * x.length + i]! * value, bias),
  );
}

const shepherdFiles = sentencePieceFiles();
const shepherdIds = (tokenizer: Tokenizer, problem: string, steps: readonly string[]): number[] =>
  tokenizer.encode(`${problem} ${steps.map((step) => `${step} ки`).join("\n")}`, { addSpecialTokens: true });

const mathShepherd: Layout = {
  family: "math-shepherd",
  name: "math-shepherd-mistral-7b-prm",
  // The window is shorter than the conversations.
  ...configured("MistralForCausalLM", {
    model_type: "mistral",
    vocab_size: 384,
    sliding_window: 24,
    bos_token_id: 1,
    eos_token_id: 2,
  }),
  files: shepherdFiles,
  head: [],
  tokens: shepherdIds,
  scores(tokenizer, weights, problem, steps) {
    const ids = shepherdIds(tokenizer, problem, steps);
    const [plus, minus] = encode(tokenizer, "+ -");
    const tag = encode(tokenizer, "ки").at(-1)!;
    const { logits } = referenceForward(this.config, weights, ids);
    return positionsOf(ids, tag).map((at) => share(logits[at]![minus!]!, logits[at]![plus!]!));
  },
};

const LLAMA3_TEMPLATE =
  "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

const rlhflowIds = (tokenizer: Tokenizer, problem: string, steps: readonly string[]): number[] => {
  const turn = (role: string, content: string): string =>
    `<|start_header_id|>${role}<|end_header_id|>\n\n${content}<|eot_id|>`;
  const turns = steps.map(
    (step, index) => turn("user", index === 0 ? `${problem} ${step}` : step) + turn("assistant", "+"),
  );
  return encode(tokenizer, `<|begin_of_text|>${turns.join("")}`);
};
/** Behind every second header (the assistant's) and the line breaks after it. */
const answersAt = (tokenizer: Tokenizer, ids: readonly number[]): number[] =>
  positionsOf(ids, tokenizer.tokenToId("<|end_header_id|>")!)
    .filter((_, index) => index % 2 === 1)
    .map((at) => at + 1);

const rlhflow: Layout = {
  family: "rlhflow",
  name: "Llama3.1-8B-PRM-Deepseek-Data",
  ...configured("LlamaForCausalLM", {
    model_type: "llama",
    vocab_size: 288,
    rope_theta: 500_000,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    },
    eos_token_id: 271,
  }),
  files: byteLevelFiles(
    ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    { bos_token: "<|begin_of_text|>", eos_token: "<|eot_id|>", chat_template: LLAMA3_TEMPLATE },
  ),
  head: [],
  tokens(tokenizer, problem, steps) {
    const ids = rlhflowIds(tokenizer, problem, steps);
    return upTo(ids, answersAt(tokenizer, ids));
  },
  scores(tokenizer, weights, problem, steps) {
    const ids = rlhflowIds(tokenizer, problem, steps);
    const [plus] = encode(tokenizer, "+");
    const [minus] = encode(tokenizer, "-");
    const { logits } = referenceForward(this.config, weights, ids);
    return answersAt(tokenizer, ids).map((at) => share(logits[at]![minus!]!, logits[at]![plus!]!));
  },
};

const QWEN_TEMPLATE =
  "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}{%- else %}{{- '<|im_start|>system\nPlease reason step by step, and put your final answer within \\\\boxed{}.<|im_end|>\n' }}{%- endif %}{%- for message in messages %}{%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) or (message.role == \"assistant\") %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}";

const qwenIds = (tokenizer: Tokenizer, problem: string, steps: readonly string[]): number[] =>
  encode(
    tokenizer,
    "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n" +
      `<|im_start|>user\n${problem}<|im_end|>\n` +
      `<|im_start|>assistant\n${steps.join("<extra_0>")}<extra_0><|im_end|>\n`,
  );

const QWEN2 = {
  model_type: "qwen2",
  rope_theta: 10_000,
  use_sliding_window: false,
  sliding_window: 4096,
  max_window_layers: 2,
  bos_token_id: 267,
  eos_token_id: 269,
};
const QWEN_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

const qwenMath: Layout = {
  family: "qwen-math",
  name: "Qwen2.5-Math-PRM-7B",
  ...configured("Qwen2ForProcessRewardModel", {
    ...QWEN2,
    vocab_size: 288,
    num_labels: 2,
    tie_word_embeddings: false,
  }),
  files: byteLevelFiles([...QWEN_SPECIALS, "<extra_0>"], {
    bos_token: null,
    eos_token: "<|im_end|>",
    chat_template: QWEN_TEMPLATE,
  }),
  head: [
    { name: "score.0.weight", shape: [H, H] },
    { name: "score.0.bias", shape: [H] },
    { name: "score.2.weight", shape: [2, H] },
    { name: "score.2.bias", shape: [2] },
  ],
  tokens(tokenizer, problem, steps) {
    const ids = qwenIds(tokenizer, problem, steps);
    return upTo(ids, positionsOf(ids, tokenizer.tokenToId("<extra_0>")!));
  },
  scores(tokenizer, weights, problem, steps) {
    const ids = qwenIds(tokenizer, problem, steps);
    const { hidden } = referenceForward(this.config, weights, ids);
    return positionsOf(ids, tokenizer.tokenToId("<extra_0>")!).map((at) => {
      const active = linear(weights, "score.0", hidden[at]!.slice(-H)).map((value) => Math.max(0, value));
      const [negative, positive] = linear(weights, "score.2", active);
      return share(negative!, positive!);
    });
  },
};

/** As published: every step encoded by itself, then the line break. */
const skyworkIds = (tokenizer: Tokenizer, problem: string, steps: readonly string[]): number[] => {
  const lineBreak = encode(tokenizer, "\n").at(-1)!;
  const begin = encode(tokenizer, `<|endoftext|>${problem}\n`);
  return [...begin, ...steps.flatMap((step) => [...encode(tokenizer, step), lineBreak])];
};

const skywork: Layout = {
  family: "skywork",
  name: "Skywork-o1-Open-PRM-Qwen-2.5-1.5B",
  ...configured("Qwen2ForPrmModel", { ...QWEN2, vocab_size: 288, tie_word_embeddings: true }),
  files: byteLevelFiles(QWEN_SPECIALS, { bos_token: "<|endoftext|>", eos_token: "<|im_end|>" }),
  head: [
    { name: "v_head.summary.weight", shape: [1, H] },
    { name: "v_head.summary.bias", shape: [1] },
  ],
  tokens: skyworkIds,
  scores(tokenizer, weights, problem, steps) {
    const begin = skyworkIds(tokenizer, problem, []).length;
    let at = begin - 1;
    const { hidden } = referenceForward(this.config, weights, skyworkIds(tokenizer, problem, steps));
    return steps.map((step) => {
      at += encode(tokenizer, step).length + 1;
      const [value] = linear(weights, "v_head.summary", hidden[at]!.slice(-H));
      return 1 / (1 + Math.exp(-value!));
    });
  },
};

const LAYOUTS: readonly Layout[] = [mathShepherd, rlhflow, qwenMath, skywork];
export const PUBLISHED: readonly PublishedPrm[] = LAYOUTS;

export interface DirectoryOptions {
  readonly seed?: number;
  /** Changes the weights before they are written. */
  readonly change?: (weights: Weights) => void;
  /** Other shapes than the layout's, by tensor. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Changes config.json. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Writes `<parent>/<the model's name>` and returns its path and weights. */
export async function writePublishedPrm(
  parent: string,
  family: string,
  { seed = 1, change, shapes = {}, config = {} }: DirectoryOptions = {},
): Promise<{ dir: string; weights: Weights; prm: PublishedPrm }> {
  const layout = LAYOUTS.find((each) => each.family === family)!;
  const dir = join(parent, layout.name);
  const { weights } = tinySource(layout.config, seed);
  for (const { name, shape } of layout.head) {
    const rng = createRng(seed, name);
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(
      name,
      Float32Array.from({ length }, () => 0.3 * rng.normal()),
    );
  }
  change?.(weights);
  await mkdir(dir, { recursive: true });
  const tensors = [...expectedTensors(layout.config), ...layout.head].flatMap(({ name, shape }) => {
    const data = weights.get(name);
    return data === undefined ? [] : [{ name, shape: shapes[name] ?? shape, data }];
  });
  await writeSafetensors(join(dir, "model.safetensors"), tensors, { dtype: "F32" });
  for (const [file, content] of Object.entries(layout.files))
    await writeFile(join(dir, file), JSON.stringify(content));
  await writeFile(join(dir, "config.json"), JSON.stringify({ ...layout.configJson, ...config }));
  return { dir, weights, prm: layout };
}

/**
 * `config.json` of a Hugging Face checkpoint as the decoder graph needs it. What the graph cannot compute exactly
 * (another architecture, scaled RoPE, a sliding window, packed weights) is refused here, never approximated.
 */
import { z } from "zod";
import { isJsonObject, type JsonObject } from "./json.js";
import { type FieldProblem, refuseFields } from "./refusal.js";

export interface ModelConfig {
  readonly modelType: "llama" | "qwen2";
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  /** Divides `numHeads`: each key/value head serves numHeads / numKvHeads query heads. */
  readonly numKvHeads: number;
  /** Even, because rotary embeddings turn its two halves against each other. */
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly rmsNormEps: number;
  /** Tokens of prompt and continuation together. */
  readonly contextLength: number;
  readonly tieWordEmbeddings: boolean;
  /** Which attention projections have a bias: none, q k v (Qwen2), or q k v o (Llama's `attention_bias`). */
  readonly attentionBias: "none" | "qkv" | "qkvo";
  /** Whether gate, up and down projections have a bias. */
  readonly mlpBias: boolean;
  /** May be empty: then only limits and stop strings end a text. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId?: number;
}

const FILE = "config.json";
const ARCHITECTURES = { llama: "LlamaForCausalLM", qwen2: "Qwen2ForCausalLM" } as const;

function integer(min: number, max: number) {
  return z.custom<number>(
    (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
    `must be an integer in [${min}, ${max}]`,
  );
}

function positive(max: number) {
  return z.custom<number>(
    (value) => typeof value === "number" && value > 0 && value <= max,
    `must be a number in (0, ${max}]`,
  );
}

const flag = z.boolean("must be true or false").nullish();
const tokenId = integer(0, 2 ** 31 - 1);
/** A token id, several, or none, as `eos_token_id` is written. */
export const tokenIds = z
  .union([tokenId, z.array(tokenId)], "must be a token id or an array of token ids")
  .nullish()
  .transform((ids) => (ids == null ? undefined : typeof ids === "number" ? [ids] : ids));

// The upper bounds are far above every known model; they keep products of two sizes exact.
const schema = z.object({
  architectures: z.array(z.string(), "must be an array of names").nullish(),
  vocab_size: integer(1, 2 ** 24),
  hidden_size: integer(1, 2 ** 17),
  intermediate_size: integer(1, 2 ** 20),
  num_hidden_layers: integer(1, 1024),
  num_attention_heads: integer(1, 4096),
  num_key_value_heads: integer(1, 4096).nullish(),
  head_dim: integer(2, 4096).nullish(),
  rope_theta: positive(1e12).nullish(),
  rope_parameters: z.object({ rope_theta: positive(1e12).nullish() }).nullish(),
  rms_norm_eps: positive(1),
  max_position_embeddings: integer(1, 2 ** 27),
  tie_word_embeddings: flag,
  attention_bias: flag,
  mlp_bias: flag,
  eos_token_id: tokenIds,
  bos_token_id: tokenId.nullish(),
});

/** Settings that change the mathematics, with the only values under which the graph is exact. */
const UNSUPPORTED: readonly (readonly [field: string, holds: (value: unknown) => boolean, must: string])[] = [
  ["rope_scaling", isPlainRope, "must be null (scaled rotary embeddings are not supported)"],
  [
    "rope_parameters",
    isPlainRope,
    'must have rope_type "default" (scaled rotary embeddings are not supported)',
  ],
  ["rope_interleaved", (value) => value !== true, "must be false"],
  ["hidden_act", (value) => value === "silu" || value === "swish", 'must be "silu"'],
  ["use_sliding_window", (value) => value !== true, "must be false (sliding windows are not supported)"],
  ["layer_types", isFullAttention, 'must all be "full_attention" (sliding windows are not supported)'],
  ["quantization_config", () => false, "must be null (convert the weights to F32, F16 or BF16 first)"],
];

function isPlainRope(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const kind = value["rope_type"] ?? value["type"];
  return (
    kind === "default" || (kind === undefined && Object.keys(value).every((key) => key === "rope_theta"))
  );
}

function isFullAttention(value: unknown): boolean {
  return Array.isArray(value) && value.every((kind) => kind === "full_attention");
}

/**
 * Parses the content of config.json.
 * @throws ServiceError `failed_precondition` for a model that is valid but not supported, `invalid_argument` for a
 * field that is missing, of the wrong type or out of range, or for fields that contradict each other.
 */
export function toModelConfig(json: unknown): ModelConfig {
  if (!isJsonObject(json)) {
    throw refuseFields("invalid_argument", FILE, [
      { field: "content", must: "must be a JSON object", got: json },
    ]);
  }
  const modelType = toModelType(json);
  refuseUnsupported(json, modelType);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const field = String(issue.path[0]);
      return { field, must: issue.message, got: json[field] };
    });
    throw refuseFields("invalid_argument", FILE, problems);
  }
  const config = toConfig(modelType, parsed.data);
  const contradictions = crossCheck(config, json);
  if (contradictions.length > 0) throw refuseFields("invalid_argument", FILE, contradictions);
  return Object.freeze(config);
}

function toModelType(raw: JsonObject): ModelConfig["modelType"] {
  const type = raw["model_type"];
  if (type !== "llama" && type !== "qwen2") {
    const must = 'must be "llama" or "qwen2" (other architectures are not supported)';
    throw refuseFields("failed_precondition", FILE, [{ field: "model_type", must, got: type }]);
  }
  const names = raw["architectures"];
  if (Array.isArray(names) && names.length > 0 && !names.includes(ARCHITECTURES[type])) {
    const must = `must name ${ARCHITECTURES[type]}, as model_type says ${type}`;
    throw refuseFields("failed_precondition", FILE, [{ field: "architectures", must, got: names }]);
  }
  return type;
}

function refuseUnsupported(raw: JsonObject, modelType: ModelConfig["modelType"]): void {
  const problems: FieldProblem[] = [];
  for (const [field, holds, must] of UNSUPPORTED) {
    const value = raw[field];
    if (value != null && !holds(value)) problems.push({ field, must, got: value });
  }
  // Qwen2 configurations carry a window size even when `use_sliding_window` is off; in others a size means it is used.
  if (modelType !== "qwen2" && raw["sliding_window"] != null) {
    const must = "must be null (sliding windows are not supported)";
    problems.push({ field: "sliding_window", must, got: raw["sliding_window"] });
  }
  if (problems.length > 0) throw refuseFields("failed_precondition", FILE, problems);
}

function toConfig(modelType: ModelConfig["modelType"], fields: z.output<typeof schema>): ModelConfig {
  const llamaBias = fields.attention_bias === true ? "qkvo" : "none";
  return {
    modelType,
    vocabSize: fields.vocab_size,
    hiddenSize: fields.hidden_size,
    intermediateSize: fields.intermediate_size,
    numLayers: fields.num_hidden_layers,
    numHeads: fields.num_attention_heads,
    numKvHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
    headDim: fields.head_dim ?? fields.hidden_size / fields.num_attention_heads,
    // Newer configurations write theta inside `rope_parameters`.
    ropeTheta: fields.rope_theta ?? fields.rope_parameters?.rope_theta ?? 10000,
    rmsNormEps: fields.rms_norm_eps,
    contextLength: fields.max_position_embeddings,
    tieWordEmbeddings: fields.tie_word_embeddings ?? false,
    attentionBias: modelType === "qwen2" ? "qkv" : llamaBias,
    mlpBias: modelType === "llama" && fields.mlp_bias === true,
    eosTokenIds: fields.eos_token_id ?? [],
    ...(fields.bos_token_id == null ? {} : { bosTokenId: fields.bos_token_id }),
  };
}

function crossCheck(config: ModelConfig, raw: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const check = (holds: boolean, field: string, must: string, got: unknown): void => {
    if (!holds) problems.push({ field, must, got });
  };
  const { numHeads, numKvHeads, hiddenSize, headDim, vocabSize } = config;
  check(
    numHeads % numKvHeads === 0,
    "num_key_value_heads",
    `must divide num_attention_heads (${numHeads})`,
    numKvHeads,
  );
  if (raw["head_dim"] == null) {
    const must = `must divide hidden_size (${hiddenSize}) when head_dim is absent`;
    check(hiddenSize % numHeads === 0, "num_attention_heads", must, numHeads);
  }
  check(!Number.isInteger(headDim) || headDim % 2 === 0, "head_dim", "must be even", headDim);
  for (const id of config.eosTokenIds) {
    check(id < vocabSize, "eos_token_id", `must be below vocab_size (${vocabSize})`, id);
  }
  const bos = config.bosTokenId ?? 0;
  check(bos < vocabSize, "bos_token_id", `must be below vocab_size (${vocabSize})`, bos);
  return problems;
}

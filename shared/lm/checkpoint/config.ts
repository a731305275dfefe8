/**
 * `config.json` of a Hugging Face checkpoint as the decoder graph needs it: sizes, and what differs from Llama. What the
 * graph cannot compute exactly is refused here, never approximated.
 */
import { z } from "zod";
import { ARCHITECTURES, type Architecture, type ModelType } from "./architectures.js";
import { flag, integer, positive, tokenId, tokenIds } from "./fields.js";
import { isJsonObject, type JsonObject } from "./json.js";
import { type LocalLayers, toLocalLayers } from "./local-layers.js";
import { type FieldProblem, refuseFields } from "./refusal.js";
import { refuseUnsupported } from "./refused-fields.js";
import { type RopeScaling, toRope } from "./rope.js";

export interface ModelConfig {
  /** For people: the graph follows from the other fields. */
  readonly modelType: ModelType;
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
  /** What differs from Llama. */
  readonly differences?: Differences;
}

/** Each is absent where the model does as Llama. */
export interface Differences {
  readonly ropeScaling?: RopeScaling;
  readonly local?: LocalLayers;
  /** Queries and keys are normed per head before they are rotated, by weights [headDim]. */
  readonly qkNorm?: true;
  /** What is added to the stored weights of norms. */
  readonly normOffset?: 1;
  /** Norms also follow attention and MLP, before the residual sum. */
  readonly postNorms?: true;
  /** Multiplies the embeddings where they enter, not where they are the head. */
  readonly embeddingScale?: number;
  /** Instead of SiLU: GELU in its approximation by tanh (Hendrycks & Gimpel 2016). */
  readonly activation?: "gelu_tanh";
  /** Multiplies q · k instead of headDim^-0.5. */
  readonly attentionScale?: number;
  /** Scores, or logits, x become cap · tanh(x / cap). */
  readonly attentionSoftcap?: number;
  readonly finalSoftcap?: number;
}

const FILE = "config.json";
const ACTIVATIONS: Readonly<Record<string, "silu" | "gelu_tanh">> = {
  silu: "silu",
  swish: "silu",
  gelu_pytorch_tanh: "gelu_tanh",
  gelu_new: "gelu_tanh",
};

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
  rms_norm_eps: positive(1),
  max_position_embeddings: integer(1, 2 ** 27),
  tie_word_embeddings: flag,
  attention_bias: flag,
  mlp_bias: flag,
  eos_token_id: tokenIds,
  bos_token_id: tokenId.nullish(),
  query_pre_attn_scalar: positive(2 ** 20).nullish(),
  attn_logit_softcapping: positive(1e6).nullish(),
  final_logit_softcapping: positive(1e6).nullish(),
});
type Fields = z.output<typeof schema>;

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
  const text = toTextConfig(json);
  const modelType = toModelType(text);
  const architecture = ARCHITECTURES[modelType];
  const raw = withDefaults(architecture, text);
  refuseUnsupported(architecture, raw);
  const activation = toActivation(architecture, raw);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const field = String(issue.path[0]);
      return { field, must: issue.message, got: raw[field] };
    });
    throw refuseFields("invalid_argument", FILE, problems);
  }
  const config = toConfig(modelType, architecture, parsed.data);
  const contradictions = crossCheck(config, raw);
  if (contradictions.length > 0) throw refuseFields("invalid_argument", FILE, contradictions);
  return Object.freeze(withDifferences(config, architecture, raw, { fields: parsed.data, activation }));
}

/** The language model of Gemma 3's image models, whose file describes it under `text_config`. */
function toTextConfig(json: JsonObject): JsonObject {
  const text = json["text_config"];
  if (json["model_type"] !== "gemma3" || !isJsonObject(text)) return json;
  const shared = [
    "architectures",
    "eos_token_id",
    "bos_token_id",
    "tie_word_embeddings",
    "quantization_config",
  ];
  const outer = Object.fromEntries(shared.flatMap((key) => (key in json ? [[key, json[key]]] : [])));
  return { ...outer, model_type: "gemma3_text", ...text };
}

function toModelType(raw: JsonObject): ModelType {
  const type = raw["model_type"];
  if (typeof type !== "string" || !Object.hasOwn(ARCHITECTURES, type)) {
    const known = Object.keys(ARCHITECTURES).map((name) => JSON.stringify(name));
    const must = `must be one of ${known.join(", ")} (other architectures are not supported)`;
    throw refuseFields("failed_precondition", FILE, [{ field: "model_type", must, got: type }]);
  }
  const { classNames } = ARCHITECTURES[type as ModelType];
  const names = raw["architectures"];
  if (Array.isArray(names) && names.length > 0 && !names.some((name) => classNames.includes(name))) {
    const must = `must name ${classNames.join(" or ")}, as model_type says ${type}`;
    throw refuseFields("failed_precondition", FILE, [{ field: "architectures", must, got: names }]);
  }
  return type as ModelType;
}

function withDefaults({ defaults }: Architecture, raw: JsonObject): JsonObject {
  const given = Object.entries(raw).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function toActivation(architecture: Architecture, raw: JsonObject): "silu" | "gelu_tanh" {
  const { activationField, defaults } = architecture;
  const name = raw[activationField] ?? defaults[activationField] ?? "silu";
  if (typeof name === "string" && Object.hasOwn(ACTIVATIONS, name)) return ACTIVATIONS[name]!;
  const must = 'must be "silu" or "gelu_pytorch_tanh"';
  throw refuseFields("failed_precondition", FILE, [{ field: activationField, must, got: name }]);
}

function toConfig(modelType: ModelType, architecture: Architecture, fields: Fields): ModelConfig {
  const { attentionBias } = architecture;
  const flagged = attentionBias === "attention_bias" && fields.attention_bias === true ? "qkvo" : "none";
  return {
    modelType,
    vocabSize: fields.vocab_size,
    hiddenSize: fields.hidden_size,
    intermediateSize: fields.intermediate_size,
    numLayers: fields.num_hidden_layers,
    numHeads: fields.num_attention_heads,
    numKvHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
    headDim: fields.head_dim ?? fields.hidden_size / fields.num_attention_heads,
    ropeTheta: 10_000,
    rmsNormEps: fields.rms_norm_eps,
    contextLength: fields.max_position_embeddings,
    tieWordEmbeddings: fields.tie_word_embeddings ?? false,
    attentionBias: attentionBias === "qkv" ? "qkv" : flagged,
    mlpBias: architecture.mlpBias && fields.mlp_bias === true,
    eosTokenIds: fields.eos_token_id ?? [],
    ...(fields.bos_token_id == null ? {} : { bosTokenId: fields.bos_token_id }),
  };
}

function withDifferences(
  config: ModelConfig,
  architecture: Architecture,
  raw: JsonObject,
  { fields, activation }: { fields: Fields; activation: "silu" | "gelu_tanh" },
): ModelConfig {
  const given = { ...config, defaultTheta: config.ropeTheta };
  const rope = toRope(raw, "full_attention", given);
  const local = toLocalLayers(architecture, raw, { ...given, rope });
  const {
    query_pre_attn_scalar: scalar,
    attn_logit_softcapping: attentionSoftcap,
    final_logit_softcapping: finalSoftcap,
  } = fields;
  const differences: Differences = {
    ...(rope.scaling !== undefined && { ropeScaling: rope.scaling }),
    ...(local !== undefined && { local }),
    ...(architecture.qkNorm && { qkNorm: true }),
    ...(architecture.gemma && {
      normOffset: 1,
      postNorms: true,
      embeddingScale: Math.sqrt(config.hiddenSize),
    }),
    ...(activation === "gelu_tanh" && { activation }),
    ...(scalar != null && { attentionScale: scalar ** -0.5 }),
    ...(attentionSoftcap != null && { attentionSoftcap }),
    ...(finalSoftcap != null && { finalSoftcap }),
  };
  const none = Object.keys(differences).length === 0;
  return { ...config, ropeTheta: rope.theta, ...(none ? {} : { differences }) };
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

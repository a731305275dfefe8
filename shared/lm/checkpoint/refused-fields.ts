/**
 * Fields of config.json that change the mathematics, with the only values under which the graph is exact. Many belong to
 * other families and turn up in configurations that say "llama". A field that is not here is taken to be harmless.
 */
import type { Architecture } from "./architectures.js";
import type { JsonObject } from "./json.js";
import { type FieldProblem, refuseFields } from "./refusal.js";

interface Rule {
  readonly holds: (value: unknown) => boolean;
  readonly must: string;
}

const OFF: Rule = { holds: (value) => value === false, must: "must be false" };
const ONE: Rule = { holds: (value) => value === 1, must: "must be 1" };
const NONE: Rule = { holds: (value) => value === 0, must: "must be 0 (not supported)" };
const ABSENT: Rule = { holds: () => false, must: "must be null (not supported)" };

const rules = (rule: Rule, ...fields: string[]): [string, Rule][] => fields.map((field) => [field, rule]);

const REFUSED: readonly (readonly [string, Rule])[] = [
  // Factors of Granite, MiniCPM, Cohere and Falcon H1.
  ...rules(ONE, "residual_multiplier", "embedding_multiplier", "logits_scaling", "logit_scale", "scale_emb"),
  ...rules(
    ONE,
    "lm_head_multiplier",
    "key_multiplier",
    "attention_out_multiplier",
    "attention_in_multiplier",
  ),
  ...rules(ABSENT, "attention_multiplier", "scale_depth", "dim_model_base", "mup_scale", "clip_qkv"),
  // Experts.
  ...rules(NONE, "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"),
  ...rules(NONE, "num_experts_per_tok", "num_experts_per_token", "n_shared_experts"),
  // Blocks of another form.
  ...rules(OFF, "use_parallel_residual", "parallel_residual", "parallel_attn", "use_parallel_embedding"),
  ...rules(OFF, "is_encoder_decoder", "add_cross_attention", "use_bidirectional_attention", "use_mup"),
  ...rules(OFF, "use_qk_norm", "qk_norm", "qk_layernorm", "attention_k_eq_v", "use_double_wide_mlp"),
  ...rules(NONE, "num_kv_shared_layers", "altup_num_inputs", "laurel_rank", "hidden_size_per_layer_input"),
  ...rules(ABSENT, "kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "block_configs", "layers_block_type"),
  // Positions.
  ...rules(ONE, "partial_rotary_factor", "rotary_pct"),
  ...rules(OFF, "rope_interleaved", "use_mrope", "alibi", "use_alibi", "attn_temperature_tuning"),
  ...rules(ABSENT, "no_rope_layers", "no_rope_layer_interval", "rotary_dim", "attention_chunk_size"),
  [
    "position_embedding_type",
    { holds: (value) => value === "rope" || value === "rotary", must: 'must be "rope"' },
  ],
  [
    "quantization_config",
    { ...ABSENT, must: "must be null (convert the weights to F32, F16 or BF16 first)" },
  ],
];

/** Fields that some of the supported families read, and what the others must say. */
function unread(architecture: Architecture): [string, Rule][] {
  const { reads, window } = architecture;
  const fields = ["attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar"] as const;
  const refused = rules(ABSENT, ...fields.filter((field) => !reads.includes(field)));
  if (window === undefined) refused.push(["sliding_window", ABSENT], ["use_sliding_window", OFF]);
  if (architecture.attentionBias === "none") refused.push(["attention_bias", OFF]);
  if (!architecture.mlpBias) refused.push(["mlp_bias", OFF]);
  return refused;
}

/** @throws ServiceError `failed_precondition` naming every field that would change the mathematics. */
export function refuseUnsupported(architecture: Architecture, raw: JsonObject): void {
  const problems: FieldProblem[] = [];
  for (const [field, { holds, must }] of [...REFUSED, ...unread(architecture)]) {
    const value = raw[field];
    if (value != null && !holds(value)) problems.push({ field, must, got: value });
  }
  if (problems.length > 0) throw refuseFields("failed_precondition", "config.json", problems);
}

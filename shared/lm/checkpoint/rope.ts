/**
 * Rotary embeddings as config.json describes them: in `rope_theta` and `rope_scaling`, or in `rope_parameters`, which
 * newer files write and may divide by kinds of layers.
 */
import { z } from "zod";
import { flag, integer, positive } from "./fields.js";
import { isJsonObject, type JsonObject } from "./json.js";
import { refuseFields } from "./refusal.js";

/** How frequencies differ from theta^(-2i / headDim), i in [0, headDim / 2). */
export type RopeScaling =
  /** All divided by the factor: positions are interpolated (Chen et al. 2023). */
  | { readonly kind: "linear"; readonly factor: number }
  /** Long waves divided by the factor, short ones kept, a linear passage between them (Llama 3.1). */
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContext: number;
    }
  /** The same by turns within the original context, and cos and sin scaled (Peng et al. 2023, YaRN). */
  | {
      readonly kind: "yarn";
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalContext: number;
      /** Multiplies cos and sin. */
      readonly attentionFactor: number;
      /** Whether the passage begins and ends at whole pairs. */
      readonly truncate: boolean;
    }
  /** Frequency i divided by factors[i]; headDim / 2 of them. */
  | { readonly kind: "frequency_factors"; readonly factors: readonly number[] };

export interface Rope {
  readonly theta: number;
  readonly scaling?: RopeScaling;
}

const FILE = "config.json";
const theta = positive(1e12).nullish();
const factor = positive(1e6);
const context = integer(1, 2 ** 27).nullish();
const one = z.literal(1, "must be 1 (partly rotated heads are not supported)").nullish();

/** What every kind may hold. `original_max_position_embeddings` changes nothing where a kind does not read it. */
const COMMON = {
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: theta,
  partial_rotary_factor: one,
  original_max_position_embeddings: context,
};
/** Outside the object; such an original context goes before the one inside. */
const TOP = z.object({ rope_theta: theta, original_max_position_embeddings: context });
const strict = <T extends z.ZodRawShape>(fields: T) => z.strictObject({ ...COMMON, ...fields });

/** What may stand there without a kind: then nothing is scaled. */
const WITHOUT_KIND = ["rope_theta", "original_max_position_embeddings"];
const PLAIN = strict({});
const LINEAR = strict({ factor });
const LLAMA3 = strict({ factor, low_freq_factor: factor, high_freq_factor: factor });
const YARN = strict({
  factor: factor.nullish(),
  beta_fast: factor.nullish(),
  beta_slow: factor.nullish(),
  attention_factor: factor.nullish(),
  mscale: factor.nullish(),
  mscale_all_dim: factor.nullish(),
  truncate: flag,
  finetuned: flag,
});
const FACTORS = strict({ factors: z.array(factor, "must be an array of numbers above 0") });

/** What a configuration says beside the rotary embeddings themselves. */
export interface RopeContext {
  readonly contextLength: number;
  readonly headDim: number;
  /** Where no field names a theta. */
  readonly defaultTheta: number;
}

/**
 * The rotary embeddings of a kind of layers.
 * @throws ServiceError `failed_precondition` for a kind that is not supported, `invalid_argument` for wrong numbers.
 */
export function toRope(
  raw: JsonObject,
  layerType: "full_attention" | "sliding_attention",
  given: RopeContext,
): Rope {
  const { field, value } = describedIn(raw, layerType);
  const top = parse(TOP, raw, undefined);
  const original = top.original_max_position_embeddings;
  const inside = isJsonObject(value) ? parse(z.looseObject({ rope_theta: theta }), value, field) : {};
  const whole =
    isJsonObject(value) && original != null
      ? { ...value, original_max_position_embeddings: original }
      : value;
  const scaling = whole == null ? undefined : toScaling(whole, field, given);
  return {
    theta: inside.rope_theta ?? top.rope_theta ?? given.defaultTheta,
    ...(scaling === undefined ? {} : { scaling }),
  };
}

/** The object that applies, and the field that a message may call it by. */
function describedIn(raw: JsonObject, layerType: string): { field: string; value: unknown } {
  if (raw["rope_scaling"] != null) return { field: "rope_scaling", value: raw["rope_scaling"] };
  const parameters = raw["rope_parameters"];
  const nested =
    isJsonObject(parameters) && ("full_attention" in parameters || "sliding_attention" in parameters);
  if (!nested) return { field: "rope_parameters", value: parameters };
  return { field: `rope_parameters.${layerType}`, value: parameters[layerType] };
}

function toScaling(value: unknown, field: string, given: RopeContext): RopeScaling | undefined {
  const kind: unknown = isJsonObject(value) ? (value["rope_type"] ?? value["type"] ?? "absent") : undefined;
  switch (kind) {
    case "default":
      parse(PLAIN, value, field);
      return undefined;
    case "linear":
      return { kind, factor: parse(LINEAR, value, field).factor };
    case "llama3":
      return toLlama3(parse(LLAMA3, value, field), field, given);
    case "yarn":
      return toYarn(parse(YARN, value, field), field, given);
    case "frequency_factors":
      return toFactors(parse(FACTORS, value, field).factors, field, given);
    case "absent":
      if (Object.keys(value as JsonObject).every((key) => WITHOUT_KIND.includes(key))) return undefined;
  }
  const must = 'must be null or have rope_type "default", "linear", "llama3" or "yarn"';
  throw refuseFields("failed_precondition", FILE, [{ field, must, got: value }]);
}

function toLlama3(fields: z.output<typeof LLAMA3>, field: string, given: RopeContext): RopeScaling {
  const { low_freq_factor: low, high_freq_factor: high } = fields;
  if (low >= high) {
    const must = `must be above low_freq_factor (${low})`;
    throw refuseFields("invalid_argument", FILE, [{ field: `${field}.high_freq_factor`, must, got: high }]);
  }
  return {
    kind: "llama3",
    factor: fields.factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalContext: fields.original_max_position_embeddings ?? given.contextLength,
  };
}

function toYarn(fields: z.output<typeof YARN>, field: string, given: RopeContext): RopeScaling {
  const originalContext = fields.original_max_position_embeddings ?? given.contextLength;
  const betaFast = fields.beta_fast ?? 32;
  const betaSlow = fields.beta_slow ?? 1;
  if (betaSlow >= betaFast) {
    const must = `must be above beta_slow (${betaSlow})`;
    throw refuseFields("invalid_argument", FILE, [{ field: `${field}.beta_fast`, must, got: betaFast }]);
  }
  const scale = fields.factor ?? given.contextLength / originalContext;
  const magnitude = (mscale: number): number => (scale <= 1 ? 1 : 0.1 * mscale * Math.log(scale) + 1);
  const { mscale, mscale_all_dim: allDim } = fields;
  const inferred = mscale != null && allDim != null ? magnitude(mscale) / magnitude(allDim) : magnitude(1);
  return {
    kind: "yarn",
    factor: scale,
    betaFast,
    betaSlow,
    originalContext,
    attentionFactor: fields.attention_factor ?? inferred,
    truncate: fields.truncate ?? true,
  };
}

/** Not Hugging Face's: GGUF files carry Llama 3's scaling as one divisor per frequency. */
function toFactors(factors: readonly number[], field: string, { headDim }: RopeContext): RopeScaling {
  if (factors.length !== headDim / 2) {
    const must = `must hold head_dim / 2 (${headDim / 2}) numbers`;
    throw refuseFields("invalid_argument", FILE, [
      { field: `${field}.factors`, must, got: `${factors.length} numbers` },
    ]);
  }
  return { kind: "frequency_factors", factors };
}

/** Unknown keys are refused too: what a key of a scaling means is mathematics. */
function parse<T extends z.ZodType>(schema: T, value: unknown, field: string | undefined): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const name = unknown ?? String(issue.path[0]);
    const must =
      unknown === undefined ? issue.message : "must be absent (it is not known with this rope_type)";
    const got = isJsonObject(value) ? value[name] : value;
    return { field: field === undefined ? name : `${field}.${name}`, must, got };
  });
  throw refuseFields("invalid_argument", FILE, problems);
}

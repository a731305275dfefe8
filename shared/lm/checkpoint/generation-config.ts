/** `generation_config.json`: how a model's makers sample from it, where its texts end, and what a step of it is. */
import { z } from "zod";
import { tokenIds } from "./fields.js";
import { isJsonObject } from "./json.js";
import { refuseFields } from "./refusal.js";

/** An unset knob has no default of the model's own. Ranges as in proto `Sampling`. */
export interface GenerationDefaults {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  /** What a step of the model's text ends with. Never empty. */
  readonly stepDelimiter: string;
}

export interface GenerationConfig {
  readonly defaults: GenerationDefaults;
  /** Set when the file says so; config.json's are then void. */
  readonly eosTokenIds?: readonly number[];
}

const FILE = "generation_config.json";
/** A blank line: what most instruct models put between steps. */
const DEFAULT_STEP_DELIMITER = "\n\n";

const within = (holds: (value: number) => boolean, must: string) =>
  z.custom<number>((value) => typeof value === "number" && holds(value), `must be ${must}`).nullish();

const schema = z.object({
  temperature: within((value) => value >= 0 && value <= 10, "a number in [0, 10]"),
  // 0 is how these files say "off".
  top_k: within(
    (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32,
    "an integer in [0, 4294967295]",
  ),
  top_p: within((value) => value > 0 && value <= 1, "a number in (0, 1]"),
  min_p: within((value) => value >= 0 && value <= 1, "a number in [0, 1]"),
  repetition_penalty: within((value) => value >= 0.1 && value <= 10, "a number in [0.1, 10]"),
  eos_token_id: tokenIds,
  deliberate: z
    .strictObject(
      {
        step_delimiter: z
          .string("must be an object with a text step_delimiter")
          .min(1, "must have a step_delimiter that is not empty"),
      },
      'must be an object with no other key than "step_delimiter"',
    )
    .nullish(),
});

/**
 * Parses the content of generation_config.json; undefined when there is no such file.
 * @throws ServiceError `invalid_argument` for fields out of range. Fields of other samplers are left alone.
 */
export function toGenerationConfig(json: unknown): GenerationConfig {
  const parsed = schema.safeParse(json ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const field = String(issue.path[0] ?? "content");
      return { field, must: issue.message, got: isJsonObject(json) ? json[field] : json };
    });
    throw refuseFields("invalid_argument", FILE, problems);
  }
  const { temperature, top_k, top_p, min_p, repetition_penalty, eos_token_id, deliberate } = parsed.data;
  const defaults = {
    ...(temperature == null ? {} : { temperature }),
    ...(top_k == null || top_k === 0 ? {} : { topK: top_k }),
    ...(top_p == null ? {} : { topP: top_p }),
    ...(min_p == null ? {} : { minP: min_p }),
    ...(repetition_penalty == null ? {} : { repetitionPenalty: repetition_penalty }),
    stepDelimiter: deliberate?.step_delimiter ?? DEFAULT_STEP_DELIMITER,
  };
  return { defaults, ...(eos_token_id === undefined ? {} : { eosTokenIds: eos_token_id }) };
}

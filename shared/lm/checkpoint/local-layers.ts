/** Layers that see only the last tokens, or have rotary embeddings of their own. */
import { z } from "zod";
import type { Architecture } from "./architectures.js";
import { integer, positive } from "./fields.js";
import type { JsonObject } from "./json.js";
import { type FieldProblem, refuseFields } from "./refusal.js";
import { type Rope, type RopeContext, toRope } from "./rope.js";

export interface LocalLayers {
  /** For each layer whether it is one. */
  readonly layers: readonly boolean[];
  /** A token sees so many, itself included. Absent when the context is no longer than the window. */
  readonly window?: number;
  readonly rope: Rope;
}

const FILE = "config.json";
const schema = z.object({
  sliding_window: integer(1, 2 ** 27).nullish(),
  use_sliding_window: z.boolean("must be true or false").nullish(),
  max_window_layers: integer(0, 2 ** 20).nullish(),
  sliding_window_pattern: integer(1, 1024).nullish(),
  rope_local_base_freq: positive(1e12).nullish(),
});

/**
 * Which layers of a configuration are local; undefined when all see everything alike.
 * @throws ServiceError `invalid_argument` for fields of the wrong type, `failed_precondition` for what is not supported.
 */
export function toLocalLayers(
  architecture: Architecture,
  raw: JsonObject,
  given: RopeContext & { readonly numLayers: number; readonly rope: Rope },
): LocalLayers | undefined {
  const rule = architecture.window;
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }): FieldProblem => {
      const field = String(path[0]);
      return { field, must: message, got: raw[field] };
    });
    throw refuseFields("invalid_argument", FILE, problems);
  }
  const fields = parsed.data;
  const on = rule !== undefined && (rule.switch === undefined || fields[rule.switch] === true);
  const window = on ? (fields.sliding_window ?? undefined) : undefined;
  const pattern = rule?.patternField === undefined ? 0 : (fields[rule.patternField] ?? 0);
  const mayBeLocal = window !== undefined || rule?.ropeTheta !== undefined;
  const usual = Array.from(
    { length: given.numLayers },
    (_, layer) => mayBeLocal && rule!.isLocal(layer, pattern),
  );
  const layers = toLayers(raw["layer_types"], usual, mayBeLocal && rule!.layerTypes);
  if (!layers.includes(true)) return undefined;
  const rope = toLocalRope(rule?.ropeTheta, raw, fields.rope_local_base_freq ?? undefined, given);
  const bites = window !== undefined && window < given.contextLength;
  if (!bites && JSON.stringify(rope) === JSON.stringify(given.rope)) return undefined;
  return { layers, rope, ...(bites ? { window } : {}) };
}

/** `layer_types` where it is obeyed; elsewhere it must say what holds anyway. */
function toLayers(types: unknown, usual: readonly boolean[], obeyed: boolean): readonly boolean[] {
  if (types == null) return usual;
  const known = new Map<unknown, boolean>([
    ["full_attention", false],
    ["sliding_attention", true],
  ]);
  const layers = Array.isArray(types) ? types.map((type) => known.get(type)) : [];
  const agrees = (local: boolean | undefined, i: number): boolean => obeyed || local === usual[i];
  if (layers.length === usual.length && layers.every((local) => local !== undefined) && layers.every(agrees))
    return layers;
  const must = obeyed
    ? `must name "full_attention" or "sliding_attention" for each of the ${usual.length} layers`
    : `must all be "${usual.includes(true) ? "sliding" : "full"}_attention", once for each of the ${usual.length} layers`;
  throw refuseFields("failed_precondition", FILE, [{ field: "layer_types", must, got: types }]);
}

/** Gemma 3's local layers keep the theta of its forerunners and are not scaled. */
function toLocalRope(
  defaultTheta: number | undefined,
  raw: JsonObject,
  base: number | undefined,
  given: RopeContext & { readonly rope: Rope },
): Rope {
  const nested = raw["rope_parameters"] as JsonObject | null | undefined;
  if (raw["rope_scaling"] == null && nested?.["sliding_attention"] != null)
    return toRope({ rope_parameters: nested }, "sliding_attention", {
      ...given,
      defaultTheta: base ?? defaultTheta ?? given.rope.theta,
    });
  return defaultTheta === undefined ? given.rope : { theta: base ?? defaultTheta };
}

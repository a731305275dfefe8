/** Sampling parameters: what holds when nobody says anything, and the ranges of proto `Sampling`. */
import { invalidField, ServiceError } from "#shared/errors.js";
import type { Sampling, SamplingRequest } from "#generator/engine/types.js";

/** The model's own distribution, unchanged. */
export const PLAIN_SAMPLING: Sampling = Object.freeze({
  temperature: 1,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  order: "temperature_first",
  stop: [],
});

const MAX_STOPS = 8;
const MAX_STOP_CHARACTERS = 64;

/**
 * Every knob that is set is in its range.
 * @param path where the caller wrote it, such as `open.sampling`
 * @throws ServiceError `invalid_argument` naming every field that is not.
 */
export function assertSampling(request: SamplingRequest, path: string): void {
  const { temperature = 0, topK = 1, topP = 1, minP = 0, repetitionPenalty = 1, stop = [] } = request;
  const violations: { field: string; description: string }[] = [];
  const check = (holds: boolean, field: string, must: string, got: unknown): void => {
    if (!holds)
      violations.push({ field: `${path}.${field}`, description: `must be ${must}, got ${String(got)}` });
  };
  // Written so that NaN holds nowhere.
  check(temperature >= 0 && temperature <= 10, "temperature", "0 (greedy) or in (0, 10]", temperature);
  check(Number.isSafeInteger(topK) && topK >= 1, "top_k", "an integer of at least 1", topK);
  check(topP > 0 && topP <= 1, "top_p", "in (0, 1]", topP);
  check(minP >= 0 && minP <= 1, "min_p", "in [0, 1]", minP);
  check(
    repetitionPenalty >= 0.1 && repetitionPenalty <= 10,
    "repetition_penalty",
    "in [0.1, 10]",
    repetitionPenalty,
  );
  check(stop.length <= MAX_STOPS, "stop", `at most ${MAX_STOPS} strings`, stop.length);
  for (const [i, { length }] of stop.slice(0, MAX_STOPS).entries()) {
    const must = `1 to ${MAX_STOP_CHARACTERS} characters long`;
    check(length >= 1 && length <= MAX_STOP_CHARACTERS, `stop[${i}]`, must, length);
  }
  const [first] = violations;
  if (first === undefined) return;
  if (violations.length === 1) throw invalidField(first.field, first.description);
  const message = violations.map(({ field, description }) => `${field} ${description}`).join("; ");
  throw new ServiceError("invalid_argument", message, {
    fieldViolations: violations,
    reason: "INVALID_FIELD",
  });
}

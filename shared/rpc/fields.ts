/**
 * Checks of one field of a request each; what does not hold is INVALID_ARGUMENT naming the field by its proto path
 * (`open.sampling.top_p`). proto-loader checks nothing, so every field that is used goes through one of these.
 */
import { invalidField } from "#shared/errors.js";

/** Longest piece of a caller's text that an error message repeats. */
const maxQuoted = 60;

/** The value as an error message shows it. */
export function shown(value: unknown): string {
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > maxQuoted ? `${value.slice(0, maxQuoted)}...` : value);
}

/** A finite number of which `holds`; `expected` completes "must be". */
export function numberThat(
  field: string,
  value: number,
  expected: string,
  holds: (value: number) => boolean,
): number {
  if (Number.isFinite(value) && holds(value)) return value;
  throw invalidField(field, `must be ${expected}, got ${shown(value)}`);
}

/** An integer in [min, max], both at most 2^53 - 1. */
export function integerIn(
  field: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const expected = max === Number.MAX_SAFE_INTEGER ? `at least ${min} and below 2^53` : `in [${min}, ${max}]`;
  return numberThat(
    field,
    value,
    `an integer ${expected}`,
    (n) => Number.isSafeInteger(n) && n >= min && n <= max,
  );
}

/** Text of 1 to `maxBytes` bytes of UTF-8. */
export function textOf(field: string, value: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) throw invalidField(field, "must not be empty");
  if (bytes > maxBytes)
    throw invalidField(field, `must have at most ${maxBytes} bytes, got ${bytes}; shorten it`);
  return value;
}

/** A list of at most `max` items. */
export function listOf<T>(field: string, values: readonly T[], max: number): readonly T[] {
  if (values.length > max) throw invalidField(field, `must have at most ${max} items, got ${values.length}`);
  return values;
}

/** What an enum value stands for. Unknown numbers and UNSPECIFIED, when `meanings` lacks it, are refused. */
export function enumOf<T>(field: string, value: string, meanings: Readonly<Record<string, T>>): T {
  // Own properties only: a client may send any number, and the loader hands unknown ones through.
  if (Object.hasOwn(meanings, value)) return meanings[value]!;
  const names = Object.keys(meanings).filter((name) => !name.endsWith("_UNSPECIFIED"));
  throw invalidField(field, `must be one of ${names.join(", ")}, got ${shown(value)}`);
}

/**
 * Settings from environment variables. An unset or empty variable takes the default; a malformed one is never ignored:
 * the ServiceError names the variable, what must hold and what was got.
 */
import { ServiceError } from "#shared/errors.js";

export type Env = Readonly<Record<string, string | undefined>>;

interface Range {
  readonly min?: number;
  readonly max?: number;
}

export function readString<D extends string | undefined>(env: Env, name: string, fallback: D): string | D {
  return valueOf(env, name) ?? fallback;
}

/** A string that must be set; `remedy` says what to set it to. */
export function requireString(env: Env, name: string, remedy: string): string {
  const value = valueOf(env, name);
  if (value === undefined) throw configError(name, `must be set: ${remedy}`);
  return value;
}

/** A decimal integer; `range` is inclusive. */
export function readInt<D extends number | undefined>(
  env: Env,
  name: string,
  fallback: D,
  range: Range = {},
): number | D {
  return readNumeric(env, name, fallback, range, INTEGER);
}

/** A decimal number such as 0.25; `range` is inclusive. */
export function readNumber<D extends number | undefined>(
  env: Env,
  name: string,
  fallback: D,
  range: Range = {},
): number | D {
  return readNumeric(env, name, fallback, range, DECIMAL);
}

interface Notation {
  readonly noun: string;
  readonly pattern: RegExp;
  readonly holds: (value: number) => boolean;
}

const INTEGER: Notation = { noun: "an integer", pattern: /^[+-]?\d+$/, holds: Number.isSafeInteger };
const DECIMAL: Notation = {
  noun: "a number",
  pattern: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i,
  holds: Number.isFinite,
};

function readNumeric<D extends number | undefined>(
  env: Env,
  name: string,
  fallback: D,
  range: Range,
  { noun, pattern, holds }: Notation,
): number | D {
  const text = valueOf(env, name);
  if (text === undefined) return fallback;
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  const { min = -Infinity, max = Infinity } = range;
  if (holds(value) && value >= min && value <= max) return value;
  throw configError(name, `must be ${noun}${describe(range)}, got ${quote(text)}`);
}

export function readEnum<T extends string, D extends T | undefined>(
  env: Env,
  name: string,
  values: readonly T[],
  fallback: D,
): T | D {
  const text = valueOf(env, name);
  if (text === undefined) return fallback;
  const value = values.find((candidate) => candidate === text);
  if (value === undefined) throw configError(name, `must be one of ${values.join(", ")}, got ${quote(text)}`);
  return value;
}

export function readBool<D extends boolean | undefined>(env: Env, name: string, fallback: D): boolean | D {
  const text = readEnum(env, name, ["true", "false", "1", "0"], undefined);
  return text === undefined ? fallback : text === "true" || text === "1";
}

/** A setting that does not hold, in the words of every such error. */
export function configError(name: string, description: string): ServiceError {
  return new ServiceError("invalid_argument", `${name} ${description}`, {
    reason: "INVALID_CONFIG",
    metadata: { variable: name },
  });
}

function valueOf(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

function describe({ min, max }: Range): string {
  const bounds = [min === undefined ? "" : `at least ${min}`, max === undefined ? "" : `at most ${max}`];
  const range = bounds.filter((bound) => bound !== "").join(" and ");
  return range === "" ? "" : ` of ${range}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

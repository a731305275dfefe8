/** Numbers as people type them on a command line. Each parser throws InvalidArgumentError, which commander reports with the flag's name. */
import { InvalidArgumentError } from "commander";

const SCALE: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** A positive whole number with an optional k, m, g or t: `500`, `20k`, `1.5m`. */
export function parseCount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)$/i.exec(text.trim());
  // Rounding mends what scaling a decimal by a power of ten adds (1.1k is 1100.0000000000002).
  const exact = match === null ? Number.NaN : Number(match[1]) * SCALE[match[2]!.toLowerCase()]!;
  const value = Math.round(exact);
  if (!Number.isSafeInteger(value) || value < 1 || Math.abs(exact - value) > 1e-6)
    throw new InvalidArgumentError("It must be a positive whole number, such as 500, 20k or 1.5m.");
  return value;
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, "": 1e3, s: 1e3, m: 6e4, h: 3.6e6 };

/** A positive time in milliseconds: `500ms`, `30s`, `2m`, `1h`; a bare number counts seconds. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/i.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]) * MILLISECONDS[match[2]!.toLowerCase()]!;
  if (!Number.isFinite(value) || value < 1 || value > 24 * 3.6e6)
    throw new InvalidArgumentError("It must be a time from 1ms to 24h, such as 500ms, 30s or 2m.");
  return Math.round(value);
}

/** Parser for whole numbers in [min, max]. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Parser for finite numbers in [min, max], or in (min, max] with `openBelow`. */
export function numberBetween(
  min: number,
  max: number,
  { openBelow = false, openAbove = false } = {},
): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    const above = openBelow ? value > min : value >= min;
    const below = openAbove ? value < max : value <= max;
    if (!(above && below))
      throw new InvalidArgumentError(
        `It must be a number ${openBelow ? "above" : "from"} ${min} ${openAbove ? "and below" : openBelow ? "and at most" : "to"} ${max}.`,
      );
    return value;
  };
}

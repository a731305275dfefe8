/** How the page writes numbers. */
import type { Interval } from "#shared/stats.js";
import type { Unit } from "./report.js";

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

/** Three digits at most: more would claim what the intervals deny. */
const threeDigits = (value: number): string => String(Number(value.toPrecision(3)));

/** 12345 is 12.3k. */
export function compact(value: number): string {
  // Rounded first: 999.9 is 1k, not 1000.
  const rounded = Number(value.toPrecision(3));
  const thousands = rounded < 1 ? 0 : Math.floor(Math.log10(rounded) / 3 + 1e-9);
  const power = Math.min(PREFIXES.length - 1, thousands);
  return `${threeDigits(rounded / 1000 ** power)}${PREFIXES[power]!}`;
}

export const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  tokens: "tokens",
  flops: "FLOPs",
  seconds: "seconds",
};

/** A cost without the name of its unit, for axes and headings that say it. */
export const cost = (unit: Unit, value: number): string =>
  unit === "seconds" ? threeDigits(value) : compact(value);

/** The space does not break. */
export const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)}\u00a0%` : "–";

/** The bounds alone; the estimate stands beside them. */
export const percentRange = (low: number, high: number): string =>
  `${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)}`;

export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  // A true minus is as wide as the plus.
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

export const signedRange = ({ low, high }: Interval, scale: number, digits: number): string =>
  `${signed(scale * low, digits)} to ${signed(scale * high, digits)}`;

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)!}`;
}

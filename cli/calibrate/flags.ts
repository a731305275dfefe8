/** What `calibrate` is asked to do. */
import { InvalidArgumentError } from "commander";
import { SEARCHES } from "#train/calibration/layout.js";
import { integerBetween } from "../parse/numbers.js";
import type { JsonFlag } from "../options/json.js";
import type { ServiceFlags } from "../services/use.js";
import type { VerifierName } from "./pair.js";

export interface CalibrateFlags extends ServiceFlags, JsonFlag {
  readonly problems: string;
  readonly out: string;
  readonly work: string;
  readonly limit?: number;
  readonly verifier: VerifierName;
  readonly strategies: readonly string[];
  readonly widths: readonly number[];
  readonly samples: number;
  readonly rejectBelow: number;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly seed: number;
  /** Of the generator behind `target`. */
  readonly generator?: string;
}

/** Each once; `none`: samples alone. */
export function parseSearches(text: string): string[] {
  if (text.trim() === "none") return [];
  const names = [...new Set(text.split(",").map((part) => part.trim()))];
  const known = [...SEARCHES.keys()];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `There is no search ${unknown || "without a name"}; there are ${known.join(", ")}, or none: samples are measured in any case.`,
    );
  return names;
}

/** Four children per kept path, and four first samples: everything is measured in fours. */
const FOUR = 4;
const MAX_CANDIDATES = 256;

/** Each once, ascending. */
export const parseWidths = (text: string): number[] =>
  [...new Set(text.split(",").map(multipleOfFour(FOUR)))].toSorted((a, b) => a - b);

/** With fewer than eight nothing would be left to compare the first four with. */
export const parseSamples = (text: string): number => multipleOfFour(2 * FOUR)(text);

const multipleOfFour =
  (min: number) =>
  (text: string): number => {
    const value = integerBetween(min, MAX_CANDIDATES)(text);
    if (value % FOUR !== 0) throw new InvalidArgumentError(`It must be a multiple of ${FOUR}.`);
    return value;
  };

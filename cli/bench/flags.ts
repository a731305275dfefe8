/** What `bench` is asked to do. */
import { InvalidArgumentError } from "commander";
import { DERIVED } from "#train/strategies/derived.js";
import { BACKBONE } from "#train/strategies/report/report.js";
import type { JsonFlag } from "../options/json.js";
import type { SamplingFlags } from "../options/sampling.js";
import { parseCount } from "../parse/numbers.js";
import { STRATEGIES } from "../parse/words.js";
import type { ServiceFlags } from "../services/use.js";

export interface BenchFlags extends ServiceFlags, SamplingFlags, JsonFlag {
  readonly problems: string;
  readonly strategies: readonly string[];
  /** In tokens of both models, ascending. */
  readonly budgets: readonly number[];
  readonly limit?: number;
  readonly seeds: number;
  readonly seed: number;
  readonly verifier: string;
  readonly maxTokens?: number;
  readonly out: string;
}

/** What every other strategy has to be better than. */
export const BASELINES = ["majority", "greedy", ...DERIVED] as const;

export const KNOWN: readonly string[] = [...STRATEGIES, ...DERIVED, BACKBONE];

/** Each once, in the order given. */
export function parseStrategies(text: string): string[] {
  const names = [...new Set(partsOf(text))];
  const unknown = names.find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no strategy ${unknown}; there are ${KNOWN.join(", ")}.`);
  if (names.length === 0) throw new InvalidArgumentError(`It must name some of ${KNOWN.join(", ")}.`);
  return names;
}

/** Each once, ascending. */
export function parseBudgets(text: string): number[] {
  return [...new Set(text.split(",").map(parseCount))].toSorted((a, b) => a - b);
}

const partsOf = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** What `npm run bench -- engine` writes. */
import type { ShippedReport } from "../serving.js";
import type { Measured } from "./compare.js";
import type { Gap, MixedPrompts, Overhead, SlopePoint } from "./own.js";
import type { EngineProfile } from "./profile.js";
import type { TunedLlama } from "./tune-llama.js";

export interface OwnReport {
  readonly overhead: readonly (Overhead & { readonly precision: string })[];
  readonly gaps: Readonly<Record<string, Gap>>;
  readonly mixed: Readonly<Record<string, MixedPrompts>>;
  readonly profiles: readonly EngineProfile[];
  readonly slopes: {
    readonly candidates: readonly SlopePoint[];
    readonly contexts: readonly SlopePoint[];
    readonly models: readonly SlopePoint[];
  };
}

export interface Agreement {
  readonly engine: string;
  readonly format: string;
  /** Tokens of the greedy continuation that equal our fp32 ones, before the first that differs. */
  readonly equalTokens: number;
  readonly of: number;
}

export interface EngineReport {
  readonly command: string;
  readonly machine: string;
  readonly model: string;
  readonly threads: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Peers that could not be measured, and why. */
  readonly skipped: Readonly<Record<string, string>>;
  /** By llama.cpp's format. */
  readonly tuning: Readonly<Record<string, TunedLlama>>;
  readonly engines: readonly Measured[];
  readonly agreement: readonly Agreement[];
  readonly own: OwnReport;
  /** The shipped pair, as before. */
  readonly shipped: ShippedReport;
}

/** How far each engine's greedy continuation is that of our fp32. */
export function sameAsOurs(engines: readonly Measured[]): readonly Agreement[] {
  const reference = engines.find(({ engine, precision }) => engine === "deliberate" && precision === "fp32")!;
  return engines.map(({ engine, format, greedy }) => {
    const first = greedy.findIndex((token, i) => token !== reference.greedy[i]);
    return { engine, format, equalTokens: first < 0 ? greedy.length : first, of: reference.greedy.length };
  });
}

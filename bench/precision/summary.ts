/** From sums per document to what is reported, with intervals over documents: tokens of one text are not independent. */
import { createRng } from "#shared/rng.js";
import { bootstrap, type Interval, sum } from "#shared/stats.js";
import type { MeasuredDocument, Quantised } from "./measure.js";

export interface PrecisionRow {
  readonly precision: Quantised;
  readonly perplexity: number;
  /** Perplexity over fp32's on the same tokens; 1 is no loss. */
  readonly perplexityRatio: Interval;
  /** Share of the tokens at which the likeliest next token is fp32's. */
  readonly top1Agreement: Interval;
  /** KL(fp32 || quantised) per token, nats. */
  readonly meanKl: Interval;
}

export interface TextSummary {
  readonly text: string;
  readonly documents: number;
  /** Predicted tokens. */
  readonly tokens: number;
  readonly fp32Perplexity: Interval;
  readonly rows: readonly PrecisionRow[];
}

/** At least one document, all measured at the same precisions. */
export function summarise(text: string, documents: readonly MeasuredDocument[], seed: number): TextSummary {
  const precisions = Object.keys(documents[0]!.comparisons) as Quantised[];
  const interval = (name: string, statistic: (units: readonly MeasuredDocument[]) => number): Interval =>
    bootstrap(documents, statistic, createRng(seed, text, name));
  return {
    text,
    documents: documents.length,
    tokens: tokensOf(documents),
    fp32Perplexity: interval("fp32", (units) => Math.exp(referenceNll(units) / tokensOf(units))),
    rows: precisions.map((precision) => {
      const total = (units: readonly MeasuredDocument[], field: "nll" | "agreements" | "kl"): number =>
        sum(units.map(({ comparisons }) => comparisons[precision]![field]));
      const perToken = (field: "agreements" | "kl") => (units: readonly MeasuredDocument[]) =>
        total(units, field) / tokensOf(units);
      return {
        precision,
        perplexity: Math.exp(total(documents, "nll") / tokensOf(documents)),
        perplexityRatio: interval(precision, (units) =>
          Math.exp((total(units, "nll") - referenceNll(units)) / tokensOf(units)),
        ),
        top1Agreement: interval(precision, perToken("agreements")),
        meanKl: interval(precision, perToken("kl")),
      };
    }),
  };
}

const referenceNll = (units: readonly MeasuredDocument[]): number =>
  sum(units.map((unit) => unit.referenceNll));

/** Every precision predicts the same tokens. */
const tokensOf = (units: readonly MeasuredDocument[]): number =>
  sum(units.map(({ comparisons }) => Object.values(comparisons)[0]!.tokens));

/** The precision bench's result: content of bench/results/precision.json, and the same as Markdown. */
import type { Interval } from "#shared/stats.js";
import type { TextSummary } from "./summary.js";

export interface PrecisionReport {
  readonly command: string;
  readonly model: string;
  /** SHA-256 over configuration and weights, hex. */
  readonly modelHash: string;
  readonly parameters: number;
  /** How many tensors are stored in each type: fp32 is what they widen to. */
  readonly storedAs: Readonly<Record<string, number>>;
  /** Of the files that ONNX Runtime reads. */
  readonly weightBytes: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly maxTokensPerDocument: number;
  readonly machine: string;
  readonly seconds: number;
  /** All texts together, then each. */
  readonly texts: readonly TextSummary[];
}

const interval = ({ estimate, low, high }: Interval, digits: number, factor = 1): string =>
  `${(factor * estimate).toFixed(digits)} [${(factor * low).toFixed(digits)}, ${(factor * high).toFixed(digits)}]`;

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export function precisionTable(
  { weightBytes }: PrecisionReport,
  { fp32Perplexity, rows }: TextSummary,
): string {
  const header = [
    "precision",
    "weights, MB",
    "perplexity",
    "perplexity / fp32",
    "same top-1 as fp32, %",
    "KL, nats",
  ];
  const megabytes = (precision: string): string => (weightBytes[precision]! / 1e6).toFixed(0);
  return [
    row(header),
    row(header.map(() => "---")),
    row(["fp32", megabytes("fp32"), fp32Perplexity.estimate.toFixed(3), "1", "100", "0"]),
    ...rows.map(({ precision, perplexity, perplexityRatio, top1Agreement, meanKl }) =>
      row([
        precision,
        megabytes(precision),
        perplexity.toFixed(3),
        interval(perplexityRatio, 4),
        interval(top1Agreement, 2, 100),
        interval(meanKl, 5),
      ]),
    ),
  ].join("\n");
}

/** What was measured on what, in a sentence or two. */
export function precisionHeading(report: PrecisionReport): string {
  const stored = Object.entries(report.storedAs)
    .map(([dtype, count]) => `${dtype} (${count})`)
    .join(", ");
  return `${report.model}, ${(report.parameters / 1e6).toFixed(1)}M parameters, tensors stored as ${stored}; fp32 is what these widen to. Measured by \`${report.command}\` on ${report.machine}. Brackets are 95 % bootstrap intervals over documents, each cut at ${report.maxTokensPerDocument} tokens.`;
}

export function toMarkdown(report: PrecisionReport): string {
  const sections = report.texts.map((text) =>
    [
      `## ${text.text}: ${text.documents} documents, ${text.tokens} tokens`,
      precisionTable(report, text),
    ].join("\n\n"),
  );
  return `${["# What each precision costs", precisionHeading(report), ...sections].join("\n\n")}\n`;
}

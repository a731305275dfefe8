/** What a calibration came to, for the terminal. */
import type { Interval } from "#shared/stats.js";
import type { Calibrated, Measured } from "#train/calibration/calibrate.js";
import { compactNumber } from "../render/format.js";
import type { Style } from "../terminal/style.js";
import { padEnd, padStart } from "../terminal/text.js";

/** All accuracies are of problems that the fit had not seen, but for the table, which is what will be planned by. */
export function summaryLines(calibrated: Calibrated, style: Style): string[] {
  const { measured } = calibrated;
  return [
    style(`AUTO on ${measured.problems.count} problems, each by a calibration that had not seen it`, "bold"),
    ...columns([
      ["budget", "accuracy", "tokens", "best fixed", "", "difference"],
      ...measured.tiers.map(({ budget, auto, bestFixed, difference }) => [
        compactNumber(budget),
        interval(auto.accuracy),
        compactNumber(auto.meanTokens),
        bestFixed.accuracy.toFixed(3),
        bestFixed.strategy,
        interval(difference),
      ]),
    ]),
    "",
    style("Fixed strategies", "bold"),
    ...columns([
      ["strategy", "n", "accuracy", "tokens"],
      ...measured.strategies.map(({ strategy, n, accuracy, meanTokens }) => [
        strategy,
        String(n),
        interval(accuracy),
        compactNumber(meanTokens),
      ]),
    ]),
    "",
    ...qualityLines(measured, style),
    "",
    ...tableLines(calibrated, style),
  ];
}

function qualityLines({ difficulty, confidence }: Measured, style: Style): string[] {
  return [
    style("Estimates of pass@1", "bold"),
    ...columns([
      ["from", "Spearman", "Brier"],
      ...difficulty.map(({ from, spearman, brier }) => [from, spearman.toFixed(3), brier.toFixed(3)]),
    ]),
    "",
    style("Confidence", "bold"),
    ...columns([
      ["", "ECE", "Brier"],
      ...confidence.map(({ of, ece, brier }) => [of, ece.toFixed(3), brier.toFixed(3)]),
    ]),
  ];
}

/** What each budget begins with, and what follows by estimated pass@1. */
function tableLines({ tiers, bins, widthCap }: Calibrated, style: Style): string[] {
  const edges = [0, ...bins, 1];
  return [
    style(`First samples, and then by pass@1 (at most ${widthCap} candidates)`, "bold"),
    ...columns([
      [
        "budget",
        "first",
        ...bins.map((edge, i) => `${edges[i]}-${edge}`),
        `${bins.at(-1) ?? 0}-1`,
        "stop at",
        "give up",
      ],
      ...tiers.map(({ tokens, firstSamples, rows, stopAt, giveUpBelow }) => [
        compactNumber(tokens),
        String(firstSamples),
        ...rows.map(({ strategy, runs }) => (runs.length === 0 ? "stop" : `${strategy} ${runs.join("+")}`)),
        String(stopAt),
        String(giveUpBelow),
      ]),
    ]),
  ];
}

const interval = ({ estimate, low, high }: Interval): string =>
  `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;

/** Words to the left, numbers to the right, under a heading each. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isNumber = (cell: string): boolean => /^-?[\d.]/.test(cell);
  return rows.map((row) =>
    row
      .map((cell, column) =>
        isNumber(rows.at(-1)![column]!) ? padStart(cell, widths[column]!) : padEnd(cell, widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** The report as Markdown tables. */
import type { Interval } from "#shared/stats.js";
import type { LabelCounts } from "#train/swift/grade.js";
import type { ScoringCost } from "./cost.js";
import type { EndToEnd } from "./end-to-end.js";
import type { ChoiceRow, SwiftCosts, SwiftReport } from "./report.js";

const number = (value: number | undefined): string => value?.toFixed(3) ?? "-";
const interval = (value: Interval | undefined): string =>
  value === undefined ? "-" : `${number(value.estimate)} [${number(value.low)}, ${number(value.high)}]`;
const signed = (value: number): string => (value < 0 ? number(value) : `+${number(value)}`);
const difference = ({ estimate, low, high }: Interval): string =>
  `${signed(estimate)} [${signed(low)}, ${signed(high)}]`;
const counts = ({ right, wrong, ambiguous, unfinished }: LabelCounts): string =>
  `${right} right, ${wrong} wrong, ${ambiguous} ambiguous, ${unfinished} unfinished`;

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

export const heading = (report: SwiftReport): string =>
  `${report.policy} (${report.precision}), measured by \`${report.command}\`: ${report.testProblems} test problems, temperature ${report.temperature}, seed ${report.seed}. ` +
  `Training solutions: ${counts(report.trainingLabels)}. Test solutions: ${counts(report.testLabels)}. ` +
  "Brackets are 95 % bootstrap intervals over problems.";

export const headsSection = ({ heads }: SwiftReport): string =>
  table(
    ["head", "parameters", "training problems", "best epoch", "validation loss"],
    heads.map((each) => [
      each.name,
      String(each.parameters),
      String(each.problems),
      String(each.bestEpoch),
      number(each.validationLoss),
    ]),
  );

export const aucSection = ({ auc, mixedProblems }: SwiftReport): string =>
  table(
    ["score", "AUC over all solutions", `AUC within a problem (${mixedProblems} with right and wrong ones)`],
    auc.map((each) => [each.score, number(each.overall), interval(each.withinProblem)]),
  );

const NAMES = { first: "first sample", majority: "majority", oracle: "oracle: any right" };

/** How a row is called in tables and pictures. */
export const nameOf = ({ score, pick }: Pick<ChoiceRow, "score" | "pick">): string =>
  pick === "best" ? `best by ${score}` : pick === "vote" ? `vote weighted by ${score}` : NAMES[pick];

/** Accuracy for every number of candidates; the interval and the difference are those of the most. */
export function choiceSection({ choices }: SwiftReport): string {
  const sizes = [...new Set(choices.map(({ n }) => n))];
  const most = Math.max(...sizes);
  const names = [...new Set(choices.map(nameOf))];
  return table(
    ["choice", ...sizes.map((n) => `of ${n}`), `of ${most}, interval`, `of ${most}, against majority`],
    names.map((name) => {
      const rows = choices.filter((each) => nameOf(each) === name);
      const last = rows.find(({ n }) => n === most)!;
      const cells = sizes.map((size) => number(rows.find(({ n }) => n === size)?.accuracy.estimate));
      return [name, ...cells, interval(last.accuracy), difference(last.againstMajority)];
    }),
  );
}

export const curveSection = ({ learningCurve, candidates }: SwiftReport): string =>
  table(
    [
      "head",
      "training problems",
      "right / wrong",
      "AUC within a problem",
      `best of ${candidates}`,
      `vote of ${candidates}`,
    ],
    learningCurve.map((each) => [
      each.head,
      String(each.problems),
      `${each.right} / ${each.wrong}`,
      each.failed ?? interval(each.withinProblem),
      interval(each.best),
      interval(each.vote),
    ]),
  );

const span = ({ median, low, high }: ScoringCost["msPerToken"]): string =>
  [median, low, high].every((ms) => ms < 0.01)
    ? `${(1000 * median).toFixed(2)} us (${(1000 * low).toFixed(2)}-${(1000 * high).toFixed(2)})`
    : `${median.toFixed(3)} ms (${low.toFixed(3)}-${high.toFixed(3)})`;

export function costSection({ generation, scoring }: SwiftCosts): string {
  const rows = scoring.map((each) => [
    each.scorer,
    String(each.parameters),
    each.flopsPerToken.toExponential(2),
    span(each.msPerToken),
    String(each.bytesPerToken),
  ]);
  return (
    `${table(["scorer", "parameters", "FLOPs a token", "time of the scorer alone, a token", "bytes a token beside the text"], rows)}\n\n` +
    `Generating a token of 16 candidates takes ${span(generation.plain)} without a probe and ${span(generation.withProbe)} with the head's, sampling and transport to the caller included.`
  );
}

export function endToEndSection(measured: EndToEnd): string {
  const { candidates, problems, sameCandidates, rows, temperature } = measured;
  const cells = rows.map((each) => [
    each.verifier,
    interval(each.accuracy),
    difference(each.againstFirst),
    `${each.wallMs.median.toFixed(0)} (${each.wallMs.p95.toFixed(0)})`,
    interval(each.speedup),
    each.verifierTokens.toFixed(0),
    each.gflops.toFixed(2),
  ]);
  return (
    `Solve over gRPC, Best-of-${candidates} with a weighted vote at temperature ${temperature}, ${problems} problems, one search at a time; ` +
    `all verifiers saw the same candidates in ${sameCandidates} of ${problems}.\n\n` +
    table(
      [
        "verifier",
        "accuracy",
        `against ${rows[0]!.verifier}`,
        "ms, median (p95)",
        `times as fast as ${rows[0]!.verifier}`,
        "verifier tokens",
        "GFLOP",
      ],
      cells,
    )
  );
}

export function toSections(report: SwiftReport): string[] {
  return [
    heading(report),
    "## Heads",
    headsSection(report),
    "## What tells right from wrong",
    aucSection(report),
    "Self-certainty is KL(p || U), log V minus the entropy, averaged over tokens; the paper's KL(U || p) needs log-probs of the whole vocabulary.",
    "## Choosing among the same candidates",
    choiceSection(report),
    "Votes weigh by sigmoid(R) for heads, by the probability for log-probs and reward models that give one.",
    "## Learning curve",
    curveSection(report),
    ...(report.costs === undefined ? [] : ["## What scoring costs", costSection(report.costs)]),
    ...(report.endToEnd === undefined ? [] : ["## End to end", endToEndSection(report.endToEnd)]),
  ];
}

export const toMarkdown = (report: SwiftReport): string => `${toSections(report).join("\n\n")}\n`;

/** The report as Markdown tables. */
import type { Interval } from "#shared/stats.js";
import type { LabelCounts } from "#train/swift/grade.js";
import type { ChoiceRow, SwiftReport } from "./report.js";

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

export function toMarkdown(report: SwiftReport): string {
  const sections = [
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
  ];
  return `${sections.join("\n\n")}\n`;
}

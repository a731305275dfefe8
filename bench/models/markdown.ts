/** The models' report as Markdown tables. */
import type { Interval } from "#shared/stats.js";
import { TEMPERATURE } from "./pool.js";
import type { ModelsReport } from "./report.js";

const number = (value: number): string => value.toFixed(3);
const interval = ({ estimate, low, high }: Interval): string =>
  `${number(estimate)} [${number(low)}, ${number(high)}]`;
const difference = ({ estimate, low, high }: Interval): string => {
  const signed = (value: number): string => (value < 0 ? number(value) : `+${number(value)}`);
  return `${signed(estimate)} [${signed(low)}, ${signed(high)}]`;
};
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
}

export const heading = (report: ModelsReport): string =>
  `Measured by \`${report.command}\`: ${report.problemsPerLevel} test problems per level, temperature ${TEMPERATURE}, seed ${report.seed}. Brackets are 95 % bootstrap intervals over problems.`;

const levelHeads = ({ levels }: ModelsReport): string[] => levels.map((level) => `L${level}`);

export function policySection(report: ModelsReport): string {
  return table(["", ...levelHeads(report)], [["greedy pass@1", ...report.greedy.map(number)]]);
}

/** Every way to choose among the same n rollouts. */
export function choiceSection(report: ModelsReport, n: number): string {
  return table(
    [`choice among ${n}`, ...levelHeads(report), "all", "against majority"],
    report.accuracy
      .filter((each) => each.n === n)
      .map((each) => [
        each.method,
        ...each.byLevel.map(number),
        interval(each.overall),
        difference(each.againstMajority),
      ]),
  );
}

export function aucSection(report: ModelsReport): string {
  return table(
    ["score", "AUC over all rollouts", "AUC within a problem"],
    report.auc.map((each) => [each.score, number(each.overall), interval(each.withinProblem)]),
  );
}

export function backboneSection(report: ModelsReport): string {
  const { backbone } = report;
  return table(
    ["", ...levelHeads(report), "all", "pass@1"],
    [
      [
        `majority@${backbone.n}`,
        ...backbone.majorityByLevel.map(number),
        interval(backbone.majority),
        interval(backbone.passRate),
      ],
    ],
  );
}

export function toMarkdown(report: ModelsReport): string {
  const candidates = [...new Set(report.accuracy.map((each) => each.n))];
  const sections = [
    heading(report),
    "## The policy alone",
    policySection(report),
    "## Choosing among the same rollouts",
    ...candidates.map((n) => choiceSection(report, n)),
    "## What tells right from wrong",
    aucSection(report),
    "## The PRM's own backbone as the policy, at equal FLOPs",
    backboneSection(report),
  ];
  return `${sections.join("\n\n")}\n`;
}

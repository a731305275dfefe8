/** The models' report as Markdown tables. */
import type { Interval } from "#shared/stats.js";
import { TEMPERATURE } from "./pool.js";
import type { ModelsReport } from "./run.js";

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

export function toMarkdown(report: ModelsReport): string {
  const { levels, search, accuracy, backbone } = report;
  const heads = levels.map((level) => `L${level}`);
  const candidates = [...new Set(accuracy.map((each) => each.n))];
  const sections = [
    `Measured by \`${report.command}\`: ${report.problemsPerLevel} test problems per level, temperature ${TEMPERATURE}, seed ${report.seed}. Brackets are 95 % bootstrap intervals over problems.`,
    "### Through the service: Solve over gRPC",
    table(
      [
        "strategy",
        ...heads,
        "all",
        "against the first row",
        "generated tokens",
        "verifier tokens",
        "GFLOP",
        "ms",
      ],
      search.map((each) => [
        each.method,
        ...each.byLevel.map(number),
        interval(each.overall),
        difference(each.againstFirst),
        each.generatedTokens.toFixed(0),
        each.verifierTokens.toFixed(0),
        each.gflops.toFixed(1),
        each.wallMs.toFixed(0),
      ]),
    ),
    "### The policy alone",
    table(["", ...heads], [["greedy pass@1", ...report.greedy.map(number)]]),
    ...candidates.flatMap((n) => [
      `### Choosing among the same ${n} rollouts`,
      table(
        ["choice", ...heads, "all", "against majority"],
        accuracy
          .filter((each) => each.n === n)
          .map((each) => [
            each.method,
            ...each.byLevel.map(number),
            interval(each.overall),
            difference(each.againstMajority),
          ]),
      ),
    ]),
    "### What tells right from wrong",
    table(
      ["score", "AUC over all rollouts", "AUC within a problem"],
      report.auc.map((each) => [each.score, number(each.overall), interval(each.withinProblem)]),
    ),
    "### The PRM's own backbone as the policy, at equal FLOPs",
    table(
      ["", ...heads, "all", "pass@1"],
      [
        [
          `majority@${backbone.n}`,
          ...backbone.majorityByLevel.map(number),
          interval(backbone.majority),
          interval(backbone.passRate),
        ],
      ],
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}

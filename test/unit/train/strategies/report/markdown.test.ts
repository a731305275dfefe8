import { expect, test } from "vitest";
import {
  accuracySection,
  autoSection,
  finding,
  heading,
  trustSection,
} from "#train/strategies/report/markdown.js";
import { fakeReport } from "../../../../fakes/strategies-report.js";

const report = fakeReport();

test("every strategy has a row with a cell for each budget, and one of them is bold", () => {
  const rows = accuracySection(report, "tokens").split("\n\n")[0]!.split("\n");
  expect(rows).toHaveLength(2 + report.strategies.length);
  for (const row of rows) expect(row.split(" | ")).toHaveLength(1 + report.budgets.tokens.length);
  for (const [i] of report.budgets.tokens.entries()) {
    const bold = rows.filter((row) => row.split(" | ")[1 + i]!.startsWith("**"));
    expect(bold.length).toBeGreaterThanOrEqual(1);
    expect(bold.join()).not.toContain("a bound");
  }
});

test("AUTO stands against every strategy that could be run", () => {
  const section = autoSection(report, "tokens");
  for (const other of report.strategies)
    expect(section.includes(`| ${other} |`)).toBe(other !== "auto" && !report.bounds.includes(other));
});

test("says by which command, and what was found", () => {
  expect(heading(report)).toContain(report.command);
  expect(heading(fakeReport({ calibration: "" }))).toContain("without a calibration");
  expect(finding(report)).not.toContain("\u00a0");
});

test("tells how far confidences and estimates of difficulty go", () => {
  for (const { strategy } of report.reliability) expect(trustSection(report)).toContain(`| ${strategy} |`);
  for (const { name } of report.difficulty) expect(trustSection(report)).toContain(`| ${name} |`);
});

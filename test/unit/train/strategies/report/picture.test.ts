import { expect, test } from "vitest";
import { toSvg } from "#train/strategies/report/picture.js";
import { fakeReport } from "../../../../fakes/strategies-report.js";

test("is a file of its own: well formed, with its colours, fetching nothing", () => {
  const report = fakeReport();
  const svg = toSvg(report)!;
  expect(svg.match(/^<svg[^>]*>/)![0].match(/xmlns=/g)).toHaveLength(1);
  expect(svg).toMatch(/<\/svg>\n$/);
  expect(svg).toContain("--auto:");
  expect(svg.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|href=|<script/);
  for (const strategy of report.strategies) expect(svg).toContain(strategy);
});

test("is not drawn of nothing", () => {
  expect(toSvg(fakeReport({ points: [] }))).toBeUndefined();
});

import { describe, expect, test } from "vitest";
import { toHtml } from "#train/strategies/report/page.js";
import {
  type Difference,
  type ReportRow,
  type StrategiesReport,
  type Unit,
  UNITS,
} from "#train/strategies/report/report.js";
import { fakeReport } from "../../../../fakes/strategies-report.js";

const lead = (page: string): string => /<p class="lead">([^<]*)</.exec(page)![1]!.replaceAll("\u00a0", " ");
const count = (page: string, pattern: RegExp): number => [...page.matchAll(pattern)].length;

describe("toHtml()", () => {
  const report = fakeReport();
  const page = toHtml(report);

  test("fetches nothing and runs nothing", () => {
    expect(page).not.toMatch(/https?:|\bsrc=|\bhref=|@import|url\((?!#)|<script|<link\b|<iframe/i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  test("says what was measured", () => {
    for (const fact of [report.policy, report.verifier, report.calibration, report.machine, report.date])
      expect(page).toContain(fact);
    expect(page).toContain("1, 2, 3");
  });

  test("shows every strategy in every unit, and every level", () => {
    const names = report.strategies.join(", ");
    for (const unit of ["tokens", "FLOPs", "seconds"]) {
      const label = new RegExp(
        `aria-label="Accuracy against ${unit} per problem, a line for each of ([^"]*)"`,
      );
      expect(label.exec(page)![1]!.split(", ").toSorted()).toEqual([...report.strategies].toSorted());
      expect(page).toContain(`Accuracy at equal ${unit} per problem`);
      expect(page).toContain(`auto minus the others at equal ${unit}`);
    }
    for (const level of report.levels) expect(page).toContain(`<figcaption>Level ${level}</figcaption>`);
    expect(page).toContain(`largest arm of each of ${names}`);
  });

  test("names every chart for those who cannot see it", () => {
    const charts = [...page.matchAll(/<svg\b[^>]*class="plot"[^>]*>/g)].map(([tag]) => tag);
    // Three units and the bars for two screens, five levels, nine reliabilities, one of an estimate.
    expect(charts).toHaveLength(3 * 2 + 2 + 5 + 9 + 1);
    for (const tag of charts) expect(tag).toMatch(/role="img"/);
    for (const tag of charts) expect(tag).toMatch(/aria-label="[^"]+"/);
  });

  test("marks one best strategy at each budget, never a bound", () => {
    expect(count(page, /<em>best<\/em>/g)).toBe(9);
    expect(page).not.toMatch(/oracle<\/th>[^\n]*?class="best"[^\n]*?<\/tr>/);
  });

  test("never writes what is not a number", () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });
});

test("a report's texts never become markup", () => {
  const evil = `<img src=x onerror="alert(1)">'&`;
  const names = ["auto", "beam"];
  const rename = <T extends { readonly strategy: string }>(each: T): T =>
    each.strategy === "beam" ? { ...each, strategy: evil } : each;
  const plain = fakeReport({}, names);
  const page = toHtml({
    ...plain,
    policy: evil,
    verifier: evil,
    machine: evil,
    command: `</code>${evil}`,
    strategies: ["auto", evil],
    rows: plain.rows.map(rename).map((row) => ({ ...row, arms: [evil, evil] })),
    points: plain.points.map(rename).map((point) => ({ ...point, arm: evil })),
    differences: plain.differences.map((each) => ({ ...each, against: evil })),
    reliability: plain.reliability.map(rename),
    difficulty: plain.difficulty.map((each) => ({ ...each, name: evil })),
  });
  // A "<" within an attribute's quotes is harmless; one that left them would show here.
  const withoutValues = page.replaceAll(/="[^"]*"/g, "");
  expect(withoutValues).not.toContain("<img");
  expect(withoutValues).not.toMatch(/<[^>]*onerror/);
  expect(page).toContain("&lt;img src=x");
});

describe("the sentence of what was found", () => {
  const row = (strategy: string, budget: number, accuracy: number): ReportRow => ({
    ...fakeReport().rows[0]!,
    strategy,
    budget,
    accuracy,
  });
  const against = (name: string, budget: number, high: number, unit: Unit = "tokens"): Difference => ({
    strategy: "auto",
    against: name,
    budget,
    unit,
    difference: { estimate: high - 0.05, low: high - 0.1, high },
  });
  const found = (
    rows: readonly ReportRow[],
    bounds: readonly string[] = [],
    differences: readonly Difference[] = [],
  ): string => lead(toHtml(fakeReport({ rows, bounds, differences })));

  const behind = [
    row("beam", 1000, 0.5),
    row("auto", 1000, 0.45),
    row("dvts", 4000, 0.6),
    row("auto", 4000, 0.5),
  ];
  const best = "Most accurate by tokens per problem: beam at 1k (50.0 %); dvts at 4k (60.0 %)";

  test("names the best of each budget, and what is ahead of AUTO by more than chance", () => {
    const differences = [against("beam", 1000, 0.01), against("dvts", 4000, -0.01)];
    expect(found(behind, [], differences)).toBe(
      `${best}; ahead of AUTO beyond the paired 95 % interval: dvts at 4k.`,
    );
    expect(found(behind, [], differences.slice(0, 1))).toBe(
      `${best}; nothing is ahead of AUTO beyond the paired 95 % interval.`,
    );
  });

  test("what competes with AUTO is neither a bound nor another model, and costs the same", () => {
    const others = [
      against("oracle", 1000, -0.2),
      against("backbone", 1000, -0.2),
      against("dvts", 4000, -0.1, "flops"),
      { ...against("majority", 1000, -0.1), strategy: "beam" },
    ];
    expect(found(behind, ["oracle"], others)).toBe(
      `${best}; nothing is ahead of AUTO beyond the paired 95 % interval.`,
    );
  });

  test("says no more where AUTO is the best, and names all that tie", () => {
    expect(found([row("auto", 1000, 0.5), row("beam", 1000, 0.5)])).toBe(
      "Most accurate by tokens per problem: auto and beam at 1k (50.0 %).",
    );
  });

  test("tells where the verifier's own model would have done better, without letting it compete", () => {
    const rows = [
      row("beam", 1000, 0.5),
      row("backbone", 1000, 0.9),
      row("beam", 4000, 0.95),
      row("backbone", 4000, 0.9),
    ];
    expect(found(rows)).toBe(
      "Most accurate by tokens per problem: beam at 1k (50.0 %) and 4k (95.0 %). " +
        "The verifier&#39;s own language model as the policy (backbone) beats all of them at 1k (90.0 %).",
    );
  });

  test("leaves bounds out", () => {
    const rows = [row("oracle", 1000, 0.9), row("beam", 1000, 0.5)];
    expect(found(rows, ["oracle"])).toBe("Most accurate by tokens per problem: beam at 1k (50.0 %).");
    expect(found(rows.slice(0, 1), ["oracle"])).toBe("Only bounds and other policies were measured.");
    expect(found([])).toBe("Nothing was measured.");
  });
});

describe("a report that lacks something is still a page", () => {
  const nothing = { rows: [], points: [], differences: [], reliability: [], difficulty: [], levels: [] };
  const oneBudget = fakeReport().rows.filter(({ budget }) => budget === 1000);
  const cases: readonly (readonly [string, StrategiesReport])[] = [
    ["one strategy", fakeReport({ differences: [] }, ["beam"])],
    ["only AUTO at one size", fakeReport({ points: fakeReport({}, ["auto"]).points.slice(0, 1) }, ["auto"])],
    ["one budget", fakeReport({ rows: oneBudget })],
    ["no levels", fakeReport({ levels: [] })],
    ["no reliability", fakeReport({ reliability: [] })],
    ["no differences", fakeReport({ differences: [] })],
    [
      "a cost of nothing",
      fakeReport({ points: fakeReport().points.map((each) => ({ ...each, cost: zero })) }),
    ],
    ["levels without problems", fakeReport({ points: fakeReport().points.map(withoutLevels) })],
    ["nothing", fakeReport({ ...nothing, calibration: "" }, [])],
  ];

  test.each(cases)("%s", (_, report) => {
    const page = toHtml(report);
    expect(page).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  test("sections without content are left out", () => {
    const page = toHtml(fakeReport(nothing, []));
    for (const heading of ["by level", "Confidence and difficulty", "Where the tokens went"])
      expect(page).not.toContain(`${heading}</h2>`);
  });
});

const zero = Object.fromEntries(UNITS.map((unit) => [unit, 0])) as Record<(typeof UNITS)[number], number>;

function withoutLevels<T extends object>(point: T): T & { accuracyByLevel: number[] } {
  return { ...point, accuracyByLevel: [] };
}

import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluateSwift } from "#train/evaluation/swift/evaluate.js";
import { type RecordedSet, standardVariants } from "#train/evaluation/swift/heads.js";
import { ticks } from "#train/evaluation/swift/line-chart.js";
import { toMarkdown } from "#train/evaluation/swift/markdown.js";
import { toSvg } from "#train/evaluation/swift/picture.js";
import type { SwiftReport } from "#train/evaluation/swift/report.js";
import { extractFeatures } from "#train/swift/extract-features.js";
import { openStore } from "#train/swift/main.js";
import { recordSwiftRollouts, swiftSampling } from "#train/swift/rollouts.js";
import { HEAD_DEFAULTS } from "#train/swift/train-head.js";
import { fakeInfo } from "../../../fakes/engine.js";
import { GuessingPolicy, sum } from "../../../fakes/guessing-policy.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const signal = new AbortController().signal;
const sampling = swiftSampling(fakeInfo.defaultSampling, {});

async function recorded(name: string, from: number, count: number): Promise<RecordedSet> {
  const policy = new GuessingPolicy();
  policy.cutEvery = 7;
  const directory = join(await temporaryDirectory(), name);
  const problems = Array.from({ length: count }, (_, i) => sum(from + i));
  const options = { rollouts: 8, maxTokens: 32, sampling, seed: from, directory };
  const records = await recordSwiftRollouts(policy, problems, options, signal);
  const store = await openStore(policy, "hidden", directory);
  await extractFeatures(policy, records, store, signal);
  return { records, features: { store, hiddenSize: fakeInfo.hiddenSize } };
}

let report: SwiftReport;
let steps: number[];
beforeAll(async () => {
  const [training, testing] = [await recorded("training", 0, 40), await recorded("test", 1000, 30)];
  steps = [];
  const input = { kind: "hidden", layers: [0, 1, 2], finalNorm: false } as const;
  const options = {
    command: "npx deliberate bench swift",
    info: fakeInfo,
    temperature: 0.8,
    seed: 3,
    variants: standardVariants(input, "response", { ...HEAD_DEFAULTS, learningRate: 1e-2, seed: 3 }),
    others: [
      {
        name: "PRM",
        kind: "probability",
        table: testing.records.map(({ solutions }) =>
          solutions.map(({ label }) => (label === "right" ? 0.9 : 0.1)),
        ),
      },
    ],
    // One problem is too few, forty are all there is.
    curve: [1, 10, 40, 100],
    curveVariants: ["SWIFT, standardised", "log-prob and entropies alone"],
    onProgress: (done: number) => steps.push(done),
  } as const;
  report = await evaluateSwift(training, testing, options, signal);
  await training.features.store.close();
  await testing.features.store.close();
});

const choice = (score: string, pick: string, n = 8) =>
  report.choices.find((row) => row.score === score && row.pick === pick && row.n === n)!;

describe("the report", () => {
  test("finds what the states know and the scalars do not", () => {
    const within = (name: string): number =>
      report.auc.find(({ score }) => score === name)!.withinProblem!.estimate;
    expect(within("SWIFT, standardised")).toBeGreaterThan(0.9);
    expect(within("swift+lp")).toBeGreaterThan(0.9);
    expect(within("PRM")).toBe(1);
    expect(Math.abs(within("log-prob and entropies alone") - 0.5)).toBeLessThan(0.2);
    expect(Math.abs(within("mean log-prob") - 0.5)).toBeLessThan(0.2);
  });

  test("the head chooses as well as the oracle where its states say all", () => {
    expect(choice("SWIFT, standardised", "best").accuracy.estimate).toBeGreaterThan(0.95);
    expect(choice("PRM", "vote").accuracy).toEqual(choice("", "oracle").accuracy);
    expect(choice("", "first", 8).accuracy).toEqual(choice("", "first", 1).accuracy);
  });

  test("has every choice for 1, 2, 4 and 8 candidates, and every head", () => {
    expect(new Set(report.choices.map(({ n }) => n))).toEqual(new Set([1, 2, 4, 8]));
    // first, majority and oracle; best and vote of 3 free scorers, 4 heads and the PRM.
    expect(report.choices).toHaveLength(4 * (3 + 2 * 8));
    expect(report.heads.map(({ parameters }) => parameters)).toEqual([26, 26, 32, 8]);
    expect(report.testLabels.unfinished).toBe(60);
  });

  test("the learning curve says where there was too little to learn from", () => {
    const [tooFew, ten, all] = report.learningCurve;
    expect(tooFew).toMatchObject({ problems: 1, failed: expect.stringContaining("at least two problems") });
    expect(tooFew!.withinProblem).toBeUndefined();
    expect([ten!.problems, all!.problems]).toEqual([10, 40]);
    expect(all!.withinProblem).toEqual(
      report.auc.find(({ score }) => score === "SWIFT, standardised")!.withinProblem,
    );
    expect(all!.vote).toEqual(choice("SWIFT, standardised", "vote").accuracy);
    // Four heads and two on each of two sizes.
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("survives JSON, and becomes tables with all of it", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const page = toMarkdown(report);
    for (const part of [
      "vote weighted by swift+lp",
      "best by PRM",
      "oracle: any right",
      "at least two problems",
      "KL(p || U)",
      "30 test problems",
    ])
      expect(page).toContain(part);
    expect(page).not.toMatch(/NaN|undefined/);
  });

  test("becomes one picture that needs nothing else", () => {
    const svg = toSvg(report);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    // Three charts: majority and 6 votes, majority and 6 bests, two heads that learn.
    expect(svg.match(/<polyline/g)).toHaveLength(7 + 7 + 2);
    expect(svg.match(/<g /g)).toHaveLength(3);
    expect(svg.match(/https?:/g)).toHaveLength(1);
    for (const tag of ["svg", "g", "text"])
      expect(svg.match(new RegExp(`<${tag}[ >]`, "g"))?.length).toBe(
        svg.match(new RegExp(`</${tag}>`, "g"))?.length,
      );
  });
});

test("ticks are round, within the range, and few", () => {
  expect(ticks(0.31, 0.82)).toBeAllclose([0.4, 0.6, 0.8]);
  expect(ticks(0, 1)).toBeAllclose([0, 0.2, 0.4, 0.6, 0.8, 1]);
});

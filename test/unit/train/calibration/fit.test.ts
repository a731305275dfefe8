import { expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { mean, spearman } from "#shared/stats.js";
import { budgetsFor } from "#train/calibration/budgets.js";
import { crossValidate } from "#train/calibration/cross-validation.js";
import { fitCalibration } from "#train/calibration/fit.js";
import { fitTiers, type Case, PRICE } from "#train/calibration/fit-table.js";
import { createLayout } from "#train/calibration/layout.js";
import { qualityOf } from "#train/calibration/measured.js";
import { createStudy, partOf } from "#train/calibration/study.js";
import { measureArms, widthCapOf } from "#train/calibration/width-cap.js";
import { recordedProblems, type Rules } from "../../../fakes/recorded-problems.js";

const layout = createLayout(16, ["dvts"], [16]);
const BUDGETS = [512, 1024];

/** Every other problem is easy; on the hard ones samples are hardly ever right and DVTS nearly always. */
const twoWorlds = (problem: number): Rules =>
  problem % 2 === 0 ? { passRate: 0.95, searchRate: 0.95 } : { passRate: 0.03, searchRate: 0.9 };

test("finds that the hard problems need a search and the easy ones nothing", () => {
  const { tiers, widthCap, bins } = fitCalibration(
    createStudy(layout, recordedProblems(80, layout, twoWorlds)),
    BUDGETS,
  );
  const { rows } = tiers[1]!;
  expect(rows).toHaveLength(bins.length + 1);
  expect(rows[0]!.strategy).toBe("dvts");
  expect(rows[0]!.runs.length).toBeGreaterThan(0);
  expect(rows[0]!.accuracy).toBeGreaterThan(0.85);
  expect(rows[0]!.problems).toBeGreaterThanOrEqual(35);
  expect(rows.at(-1)!.runs).toEqual([]);
  expect(rows.at(-1)!.accuracy).toBeGreaterThan(0.9);
  expect(widthCap).toBe(16);
});

test("where the budget pays for one sample, the greedy answer is taken, which need not be read", () => {
  const problems = recordedProblems(80, layout, () => ({
    passRate: 0.4,
    greedyRate: 0.6,
    searchRate: 0.5,
    promptState: Float32Array.of(1),
  }));
  const [lowest] = fitCalibration(createStudy(layout, problems), [16]).tiers;
  expect(lowest!.firstSamples).toBe(0);
  expect(lowest!.rows.map(({ strategy, runs }) => [strategy, runs])).toEqual(
    Array.from({ length: 4 }, () => ["greedy", [1]]),
  );
  const { meanTokens, accuracy } = lowest!.rows[1]!;
  expect(meanTokens).toBe(10);
  // 80 problems: two standard errors.
  expect(Math.abs(accuracy - 0.6)).toBeLessThan(0.11);
});

test.each([
  [33, 66, [64, 128]],
  [33, 64, [64]],
  [1, 1, [1]],
  [300, 5000, [512, 1024, 2048, 4096, 8192]],
])("budgets between %d and %d tokens", (cheapest, dearest, budgets) => {
  expect(budgetsFor(cheapest, dearest)).toEqual(budgets);
});

let quality: ReturnType<typeof qualityOf> | undefined;

/** Found once: it takes seconds. */
function qualityOfTwoWorlds(): ReturnType<typeof qualityOf> {
  const study = createStudy(layout, recordedProblems(80, layout, twoWorlds));
  return (quality ??= qualityOf(crossValidate(study, BUDGETS), measureArms(study), BUDGETS));
}

test("held out, AUTO is as right as DVTS at half its tokens", () => {
  const { tiers, strategies } = qualityOfTwoWorlds();
  const { auto, difference, bestFixed } = tiers[1]!;
  expect(auto.accuracy.estimate).toBeGreaterThan(0.85);
  const widest = strategies.find(({ strategy, n }) => strategy === "dvts" && n === 16)!;
  expect(auto.meanTokens).toBeLessThan(0.7 * widest.meanTokens);
  expect(auto.accuracy.estimate - bestFixed.accuracy).toBeCloseTo(difference.estimate, 6);
  // A fixed arm is exactly as it was recorded: 16 candidates of 10 tokens, read once.
  expect(widest.meanTokens).toBe(320);
});

test("the confidence is the chance of being right, where the vote's own is not", () => {
  const { confidence } = qualityOfTwoWorlds();
  const [calibrated, raw] = ["calibrated", "raw"].map((of) => confidence.find((each) => each.of === of)!);
  expect(calibrated!.ece).toBeLessThan(0.1);
  expect(calibrated!.ece).toBeLessThan(raw!.ece);
  expect(calibrated!.brier).toBeLessThan(raw!.brier);
});

/** The prompt says which of the two worlds a problem is from. */
const telling = (problem: number): Rules => {
  const rules = twoWorlds(problem);
  return { ...rules, promptState: Float32Array.of(rules.passRate, 1, problem) };
};

test("the prompt is believed when it tells how hard a problem is", () => {
  const held = crossValidate(createStudy(layout, recordedProblems(60, layout, telling)), BUDGETS);
  expect(correlation(held, "prompt")).toBeGreaterThan(0.7);
});

test("what the prompt tells need not be sampled", () => {
  const firstSamplesOf = (rules: (problem: number) => Rules) =>
    fitCalibration(createStudy(layout, recordedProblems(80, layout, rules)), [128]).tiers[0]!.firstSamples;
  expect(firstSamplesOf(telling)).toBe(0);
  expect(firstSamplesOf(twoWorlds)).toBeGreaterThan(0);
});

test("nothing leaks from one fold to another: from noise, nothing is known", () => {
  const small = createLayout(8, ["dvts"], [8]);
  const noise = Array.from({ length: 4 }, (_, seed) => {
    const problems = recordedProblems(
      40,
      small,
      (_problem, rng) => ({
        passRate: rng.next(),
        searchRate: 0.5,
        promptState: Float32Array.from({ length: 30 }, () => rng.normal()),
      }),
      seed,
    );
    return correlation(crossValidate(createStudy(small, problems), [512]), "prompt");
  });
  expect(Math.abs(mean(noise))).toBeLessThan(0.2);
});

const correlation = (held: ReturnType<typeof crossValidate>, from: "prompt" | "both"): number =>
  spearman(
    held.map(({ estimates }) => estimates[from]!),
    held.map(({ rate }) => rate),
  );

test("what a fold is told does not depend on what is in it", () => {
  const problems = recordedProblems(40, layout, twoWorlds);
  const study = createStudy(layout, problems);
  const training = partOf(study, (problem) => problem >= 8);
  const spoiled = createStudy(layout, [
    ...recordedProblems(8, layout, () => ({ passRate: 0, searchRate: 0 })),
    ...problems.slice(8),
  ]);
  expect(
    fitCalibration(
      partOf(spoiled, (problem) => problem >= 8),
      BUDGETS,
    ),
  ).toEqual(fitCalibration(training, BUDGETS));
});

const ACTIONS = [
  { strategy: "best_of_n" as const, beamWidth: 1, runs: [] },
  { strategy: "dvts" as const, beamWidth: 4, runs: [16] },
];

/** Right with the search where `searchHelps`, at 100 and 400 tokens. */
const caseOf = (problem: number, bin: number, searchHelps: boolean): Case => {
  const first = { correct: false, tokens: 100, confidence: 0.3 };
  return {
    problem,
    bin,
    stops: [[first], [first, { correct: searchHelps, tokens: 400, confidence: 0.7 }]],
  };
};

test("a bin with few problems goes by its neighbours, an empty one, too", () => {
  const cases = [
    ...Array.from({ length: 40 }, (_, i) => caseOf(i, 0, true)),
    caseOf(40, 1, false),
    ...Array.from({ length: 40 }, (_, i) => caseOf(41 + i, 4, false)),
  ];
  const rows = fitTiers([{ firstSamples: 4, actions: ACTIONS, cases }], 5, [1000])[0]!.rows;
  expect(rows.map(({ runs }) => runs)).toEqual([[16], [16], [], [], []]);
  expect(rows.map(({ problems }) => problems)).toEqual([40, 1, 1, 40, 40]);
});

test("compute must pay for itself, and fit the budget", () => {
  const every = (share: number) => Array.from({ length: 100 }, (_, i) => caseOf(i, 0, i < 100 * share));
  const runsOf = (cases: readonly Case[], budget: number) =>
    fitTiers([{ firstSamples: 4, actions: ACTIONS, cases }], 1, [budget])[0]!.rows[0]!.runs;
  // 300 of 400 tokens more, at PRICE for all of them
  expect(runsOf(every(0.75 * PRICE + 0.01), 400)).toEqual([16]);
  expect(runsOf(every(0.75 * PRICE - 0.01), 400)).toEqual([]);
  expect(runsOf(every(1), 399)).toEqual([]);
});

test("more candidates than do good are not asked for", () => {
  const study = createStudy(
    layout,
    recordedProblems(60, layout, () => ({ passRate: 0.5, searchRate: 0.5 })),
  );
  const arms = measureArms(study);
  const spoil = (share: number) =>
    arms.map((each) => {
      if (each.strategy !== "best_of_n" || each.n !== 16) return each;
      const rng = createRng("spoil");
      const accuracy = [...each.arm.accuracy].map(([id, own]) => [id, rng.next() < share ? 0 : own] as const);
      return { ...each, arm: { ...each.arm, accuracy: new Map(accuracy) } };
    });
  expect(widthCapOf(spoil(0))).toBe(16);
  expect(widthCapOf(spoil(0.9))).toBe(8);
});

/** AUTO by a calibration: which row, when it stops, what it says, and when it may not plan at all. */
import { describe, expect, test } from "vitest";
import type { Calibration } from "#verifier/plan/calibration/calibration.js";
import type { Budget, SearchRequest } from "#verifier/search/types.js";
import { calibrationOf, difficultyBy, row, tier } from "../fakes/calibration.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { eventsOf, type Run, runSearch } from "../fakes/search-run.js";
import { toyScorer } from "../fakes/toy-scorer.js";

/** Two steps, then an answer by place. */
const script: Script = (place, texts) =>
  texts.length < 2
    ? { text: `${place.join(".")}\n`, tokens: 4 }
    : { text: `#### ${place[0]! % 3}`, finish: "eos", tokens: 2 };

interface Case {
  readonly score?: (text: string) => number;
  readonly calibration?: Calibration;
  readonly request?: Partial<SearchRequest>;
  readonly budget?: Budget;
  readonly promptOutputs?: readonly number[];
  readonly verifier?: "prm" | "swift" | "none";
  readonly problemTokens?: number;
}

async function solve(given: Case): Promise<Run & { policy: ReturnType<typeof scriptedPolicy> }> {
  const { score = () => 0.6, calibration = calibrationOf(), request, budget = {} } = given;
  const policy = scriptedPolicy(script, { promptOutputs: given.promptOutputs ?? [] });
  const { verifier: name = "prm", problemTokens = 0 } = given;
  const scorer = { ...toyScorer(score, { name, problemTokens }), hash: "toy" };
  const run = await runSearch({ policy, scorer, calibration }, { strategy: "auto", ...request }, budget);
  return { policy, ...run };
}

const plansOf = (run: Run) => eventsOf(run.events, "plan_chosen").map(({ plan }) => plan);

describe("the row", () => {
  test("is that of the difficulty, and every plan says so in one sentence", async () => {
    const hard = await solve({ score: () => 0.4 });
    expect(plansOf(hard).map(({ strategy, n }) => [strategy, n])).toEqual([
      ["best_of_n", 4],
      ["dvts", 8],
      ["dvts", 8],
    ]);
    const plan = plansOf(hard)[1]!;
    expect(plan).toMatchObject({ calibrated: true, row: "calibrated, pass@1 0-0.5, from 0 tokens" });
    expect(plan.reason).toBe(
      "After 4 candidates pass@1 is about 0.40; dvts paid best there when calibrated (0.75 right on 40 problems).",
    );
    expect(plan.estimatedPassRate).toBeCloseTo(0.4);
    expect(hard.result.candidates).toHaveLength(20);
    expect(plansOf(await solve({ score: () => 0.6 }))[1]).toMatchObject({ strategy: "best_of_n" });
  });

  test("is that of the budget", async () => {
    const from = (tokens: number, runs: number[]) =>
      tier({ tokens, rows: [row({ runs, strategy: "best_of_n" })] });
    const calibration = calibrationOf({ bins: [], tiers: [from(100, [2]), from(2000, [8])] });
    const runs = async (budget: Budget) => plansOf(await solve({ calibration, budget })).map(({ n }) => n);
    expect(await runs({})).toEqual([4, 8]);
    expect(await runs({ tokens: 1999 })).toEqual([4, 2]);
    // Tokens of both models: half of them are the verifier's.
    expect(await runs({ generatedTokens: 1000 })).toEqual([4, 8]);
    expect(await runs({ generatedTokens: 900 })).toEqual([4, 2]);
  });

  test("may come from the prompt alone", async () => {
    const calibration = calibrationOf({
      promptProbe: { intercept: 1, weights: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      difficulty: difficultyBy("prompt", 4),
    });
    const run = await solve({ calibration, promptOutputs: [-3] });
    expect(run.policy.opened[0]!.promptProbe).toMatchObject({
      input: "hidden",
      shape: [1, 8],
      modelHash: "0",
    });
    expect(plansOf(run)[1]!.estimatedPassRate).toBeCloseTo(1 / (1 + Math.exp(2)));
    // Fixed strategies have no use for it.
    const fixed = await solve({ calibration, promptOutputs: [-3], request: { strategy: "beam" } });
    expect(fixed.policy.opened[0]).not.toHaveProperty("promptProbe");
  });
});

describe("the first samples", () => {
  const byPrompt = (fields: Partial<Calibration["tiers"][number]>): Calibration =>
    calibrationOf({
      bins: [],
      promptProbe: { intercept: 0, weights: new Float32Array(8) },
      difficulty: difficultyBy("prompt", 0),
      tiers: [tier({ firstSamples: 0, ...fields })],
    });

  test("may be none: the prompt decides, and says so", async () => {
    const run = await solve({ calibration: byPrompt({ rows: [row({ runs: [8] })] }), promptOutputs: [1] });
    expect(plansOf(run).map(({ strategy, n }) => [strategy, n])).toEqual([["dvts", 8]]);
    expect(plansOf(run)[0]!.reason).toBe(
      "By the prompt pass@1 is about 0.73; dvts paid best there when calibrated (0.75 right on 40 problems).",
    );
    expect(run.result.candidates).toHaveLength(8);
  });

  test("may be one", async () => {
    const calibration = calibrationOf({
      bins: [],
      difficulty: difficultyBy("mean score", 1),
      tiers: [tier({ firstSamples: 1, rows: [row({ runs: [4] })] })],
    });
    const plans = plansOf(await solve({ calibration }));
    expect(plans.map(({ n }) => n)).toEqual([1, 4]);
    expect(plans[0]!.reason).toMatch(/^The first sample shows/);
    expect(plans[1]!.reason).toMatch(/^After 1 candidate pass@1 is about 0\.60;/);
  });

  test("of none, something is tried with whatever budget there is", async () => {
    const calibration = byPrompt({ rows: [row({ runs: [8] })] });
    const run = await solve({ calibration, budget: { tokens: 3 } });
    const reason = expect.stringContaining(" 1 instead of 8 candidates, to stay within the budget and n.");
    expect(plansOf(run)).toMatchObject([{ strategy: "best_of_n", n: 1, reason }]);
    expect(run.result.usage.generatedTokens).toBeGreaterThan(0);
  });

  test("of none, the calibrated length of a solution says what the budget pays for, reading included", async () => {
    const widths = async (strategy: "best_of_n" | "majority", budget: Budget) => {
      const calibration = byPrompt({ rows: [row({ runs: [8], strategy })] });
      return plansOf(await solve({ calibration, budget })).map(({ n }) => n);
    };
    expect(await widths("best_of_n", { tokens: 60 })).toEqual([3]);
    expect(await widths("majority", { tokens: 60 })).toEqual([6]);
    expect(await widths("best_of_n", { generatedTokens: 60 })).toEqual([6]);
  });

  test("and nothing else need be read: a row may count instead", async () => {
    const calibration = byPrompt({ rows: [row({ runs: [2, 2], strategy: "majority" })] });
    const { result } = await solve({ calibration });
    expect(result.usage.verifierTokens).toBe(0);
    expect(result.candidates).toHaveLength(4);
    expect(result.plan).toMatchObject({ verifier: "none", vote: "majority", calibrated: true });
    // The winner's share of the votes, by the model for what nobody scored.
    expect(result.confidence).toBeCloseTo(0.5);
  });

  test("and nothing need be drawn: a row may be greedy, at temperature 0 in a session of another", async () => {
    const calibration = byPrompt({ rows: [row({ strategy: "greedy", beamWidth: 1, runs: [1] })] });
    const run = await solve({ calibration, promptOutputs: [1] });
    expect(run.policy.opened[0]!.sampling).toEqual({ temperature: 0.8 });
    expect(run.policy.grows).toMatchObject([{ count: 1, until: "end", sampling: { temperature: 0 } }]);
    expect(run.result.plan).toMatchObject({
      strategy: "greedy",
      n: 1,
      verifier: "none",
      vote: "majority",
      temperature: 0,
      calibrated: true,
    });
    expect(run.result.plan.reason).toMatch(/greedy paid best there when calibrated/);
    expect(run.result).toMatchObject({ stopReason: "finished", usage: { verifierTokens: 0 } });
  });

  test.each<["greedy" | "majority" | "best_of_n", number]>([
    ["greedy", 0],
    ["majority", 0],
    ["best_of_n", 1],
  ])("of none, the verifier reads the problem only where something is read: %s", async (strategy, reads) => {
    const calibration = byPrompt({ rows: [row({ strategy, beamWidth: 1, runs: [1] })] });
    const { usage } = (await solve({ calibration, problemTokens: 70 })).result;
    expect(usage.verifierTokens).toBe(reads * (70 + usage.generatedTokens));
  });

  test("that were read do not make a count a weighing", async () => {
    const calibration = calibrationOf({
      bins: [],
      tiers: [tier({ rows: [row({ runs: [4], strategy: "majority" })] })],
    });
    const { result } = await solve({ calibration, score: () => 0.9 });
    // 0, 1, 2, 0 and 1, 2, 0, 1: three of eight.
    expect(result.confidence).toBeCloseTo(3 / 8);
  });
});

describe("the end", () => {
  test("comes as soon as the answer can be trusted", async () => {
    const run = await solve({ score: () => 0.95 });
    expect(run.result).toMatchObject({ stopReason: "decided", confidence: expect.closeTo(0.95) });
    expect(run.result.candidates).toHaveLength(4);
    expect(run.result.warning).toBeUndefined();
    expect(run.result.plan).toMatchObject({ row: "calibrated, pass@1 0.5-1, from 0 tokens", n: 4 });
    expect(run.result.plan.estimatedPassRate).toBeCloseTo(0.95);
    expect(run.result.plan.reason).toBe(
      "After 4 candidates pass@1 is about 0.95 and the answer's confidence 0.95; more candidates would not pay.",
    );
  });

  test("comes when more is not expected to help, and the answer says that it cannot be relied on", async () => {
    const run = await solve({ score: () => 0.05 });
    expect(run.result).toMatchObject({ stopReason: "gave_up", confidence: expect.closeTo(0.05) });
    expect(run.result.candidates).toHaveLength(4);
    expect(run.result.answer).not.toBe("");
    expect(run.result.warning).toMatch(/^Confidence is 5 %/);
  });

  test("comes when the runs are over", async () => {
    const run = await solve({ score: () => 0.6 });
    expect(run.result.stopReason).toBe("finished");
  });

  test("comes with the budget, which the reply names", async () => {
    const run = await solve({ budget: { tokens: 120 } });
    expect(run.result).toMatchObject({ stopReason: "budget", exhausted: "tokens" });
    const { generatedTokens, verifierTokens, keptTokens, prunedTokens, cancelledTokens } = run.result.usage;
    expect(keptTokens + prunedTokens + cancelledTokens).toBe(generatedTokens);
    // One step of each running row at most.
    expect(generatedTokens + verifierTokens).toBeLessThanOrEqual(120 + 2 * 4 * 4);
  });

  test("n bounds all candidates together", async () => {
    const run = await solve({ score: () => 0.6, request: { n: 7 } });
    expect(run.result.candidates).toHaveLength(7);
  });

  test("comes after the first samples where nothing pays", async () => {
    const calibration = calibrationOf({
      bins: [],
      tiers: [tier({ stopAt: 0.9, giveUpBelow: 0.1, rows: [row({ runs: [] })] })],
    });
    const run = await solve({ calibration });
    expect(run.result).toMatchObject({ stopReason: "finished", plan: { strategy: "best_of_n", n: 4 } });
    expect(plansOf(run)).toHaveLength(2);
  });

  test("no run is wider than the verifier bears", async () => {
    const calibration = calibrationOf({ widthCap: 4 });
    const run = await solve({ score: () => 0.4, calibration });
    expect(plansOf(run).map(({ n }) => n)).toEqual([4, 4]);
  });
});

describe("what a calibration is not for", () => {
  test.each<[string, Case, boolean]>([
    ["a named strategy's confidence", { request: { strategy: "best_of_n", n: 4 } }, true],
    ["a vote without scores", { request: { strategy: "majority", n: 4 } }, true],
    ["another temperature", { request: { sampling: { temperature: 1 } } }, false],
    ["its own temperature, named", { request: { sampling: { temperature: 0.8 } } }, true],
    ["other filters", { request: { sampling: { minP: 0.1 } } }, false],
    ["another kind of verifier", { verifier: "swift" }, false],
    ["greedy decoding, whose temperature it knows", { request: { strategy: "greedy" } }, true],
  ])("%s: calibrated %#", async (_title, given, isCalibrated) => {
    const { plan } = (await solve(given)).result;
    expect(plan.calibrated === true).toBe(isCalibrated);
  });

  test.each<[string, Partial<Calibration["pair"]>, RegExp]>([
    [
      "policy",
      { policy: { ...calibrationOf().pair.policy, modelHash: "1" } },
      /measured with the policy scripted \(1\), this pair has scripted \(0\)/,
    ],
    [
      "precision",
      { policy: { ...calibrationOf().pair.policy, precision: "int8" } },
      /at int8, this pair has fp32/,
    ],
    ["template", { policy: { ...calibrationOf().pair.policy, chatTemplateHash: "ab" } }, /chat template ab/],
    ["PRM", { verifier: { name: "prm", hash: "other" } }, /the prm other, this pair has toy/],
  ])("another %s is refused", async (_title, change, message) => {
    const calibration = calibrationOf({ pair: { ...calibrationOf().pair, ...change } });
    const failed = solve({ calibration });
    await expect(failed).rejects.toMatchObject({
      code: "failed_precondition",
      details: { reason: "CALIBRATION_MISMATCH" },
    });
    await expect(failed).rejects.toThrow(message);
  });
});

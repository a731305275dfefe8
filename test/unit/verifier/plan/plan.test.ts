import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planAhead } from "#verifier/plan/ahead.js";
import { estimateDifficulty } from "#verifier/plan/difficulty.js";
import {
  type Features,
  featuresOf,
  budgetTokens,
  planFirst,
  planFixed,
  planRun,
} from "#verifier/plan/planner.js";
import { isDecided, probabilityOfLead } from "#verifier/plan/posterior.js";
import { assertRequest, assertVerifier } from "#verifier/plan/request.js";
import { lookUp } from "#verifier/plan/table.js";
import type { PolicyInfo } from "#verifier/ports.js";
import { calibrationOf, difficultyBy, row as calibratedRow, tier } from "../../../fakes/calibration.js";
import { toyScorer } from "../../../fakes/toy-scorer.js";
import type { Budget, Candidate, SearchRequest } from "#verifier/search/types.js";

const features: Features = {
  parameterCount: 1e9,
  flopsPerToken: 2e9,
  verifier: "prm",
  verifierFlopsPerToken: 6e9,
  strength: "strong",
  solutionTokens: 50,
};

const candidates = (answers: readonly string[], score?: number): Candidate[] =>
  answers.map((answer, i) => ({
    nodeId: i + 1,
    firstNodeId: i + 1,
    answer,
    score,
    belief: score,
    text: answer,
    stepScores: [],
    tokenCount: 1,
    meanLogProb: -1,
    meanEntropy: 1,
    subtree: 0,
  }));

describe("posterior", () => {
  test("is a fair coin for equal counts", () => {
    expect(probabilityOfLead(0, 0)).toBe(0.5);
    expect(probabilityOfLead(3, 3)).toBeCloseTo(0.5);
  });

  test("is, for whole numbers, the chance that of first + second + 1 fair coins at most `first` show heads", () => {
    for (const [first, second] of [
      [0, 0],
      [1, 0],
      [4, 0],
      [5, 2],
      [1, 3],
      [20, 9],
      [256, 200],
      [500, 0],
    ] as const) {
      const coins = first + second + 1;
      let [chance, total] = [2 ** -coins, 0];
      for (let heads = 0; heads <= first; heads++) {
        total += chance;
        chance *= (coins - heads) / (heads + 1);
      }
      expect(probabilityOfLead(first, second)).toBeCloseTo(total, 4);
    }
  });

  test("lies between its whole neighbours for votes that are worth less than one", () => {
    expect(probabilityOfLead(3.6, 0)).toBeGreaterThan(probabilityOfLead(3, 0));
    expect(probabilityOfLead(3.6, 0)).toBeLessThan(probabilityOfLead(4, 0));
    // 1 - 2^-(1 + v), exactly.
    expect(probabilityOfLead(0.5, 0)).toBeCloseTo(1 - 2 ** -1.5, 4);
  });

  const tallyOf = (counts: readonly number[], score: number) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const votes = counts.map((count, i) => ({ answer: `${i}`, share: count / total, count }));
    return { votes, mass: total * score };
  };

  test.each([
    [[4], true],
    [[3], false],
    [[4, 1], false],
    [[7, 1], true],
    [[16, 7, 2], true],
    [[9, 7], false],
    [[], false],
  ] as const)("%j is decided: %s", (counts, expected) => {
    expect(isDecided(tallyOf(counts, 0.1), { weigh: false })).toBe(expected);
    expect(isDecided(tallyOf(counts, 1), { weigh: true })).toBe(expected);
  });

  test("weighed votes decide later the less they are worth", () => {
    expect(isDecided(tallyOf([4], 0.9), { weigh: true })).toBe(true);
    expect(isDecided(tallyOf([4], 0.6), { weigh: true })).toBe(false);
    expect(isDecided(tallyOf([8], 0.6), { weigh: true })).toBe(true);
  });
});

describe("difficulty", () => {
  test.each([
    [["a", "a", "a", "a"], 1],
    [["a", "a", "a", "b"], Math.sqrt(1 / 2)],
    [["a", "a", "b", "b"], Math.sqrt(1 / 3)],
    [["a", "b", "c", "d"], 0],
    [["a", "a"], Math.sqrt(1 / 6)],
    [["", "", "", ""], 0],
    [[], 0],
  ])("agreement of %j among four samples", (answers, expected) => {
    expect(estimateDifficulty(candidates(answers), 4, "weak").passRate).toBeCloseTo(expected);
  });

  test("takes a strong verifier's word, an unfinished sample counting 0", () => {
    const { passRate, meanScore } = estimateDifficulty(candidates(["a", "a"], 0.8), 4, "strong");
    expect(meanScore).toBeCloseTo(0.4);
    expect(passRate).toBe(meanScore);
    expect(estimateDifficulty(candidates(["a", "a"], 0.8), 4, "weak").passRate).toBeCloseTo(Math.sqrt(1 / 6));
  });

  test("knows nothing of agreement from one sample", () => {
    expect(estimateDifficulty(candidates(["a"]), 1, "weak").passRate).toBe(0.5);
  });
});

describe("table", () => {
  test.each([
    [1e9, "strong", 0.7, "best_of_n", "policy <7B, pass@1 >= 0.5"],
    [1e9, "strong", 0.5, "best_of_n", "policy <7B, pass@1 >= 0.5"],
    [1e9, "strong", 0.3, "beam", "policy <7B, pass@1 0.1-0.5"],
    [1e9, "strong", 0.05, "beam", "policy <7B, pass@1 < 0.1"],
    [7e9, "strong", 0.3, "dvts", "policy 7B-32B, pass@1 0.1-0.5"],
    [32e9, "strong", 0.05, "beam", "policy 7B-32B, pass@1 < 0.1"],
    [70e9, "strong", 0.3, "best_of_n", "policy >32B, pass@1 0.1-0.5"],
    [1e9, "weak", 0.7, "majority", "weak verifier, pass@1 >= 0.5"],
    [1e9, "weak", 0.3, "best_of_n", "weak verifier, pass@1 0.1-0.5"],
  ] as const)(
    "%d parameters, %s verifier, pass@1 %d: %s",
    (parameters, strength, passRate, strategy, name) => {
      const found = lookUp(parameters, strength, passRate);
      expect(found.row.strategy).toBe(strategy);
      expect(found.name).toBe(name);
    },
  );
});

describe("planner", () => {
  test("shrinks an n that it chose to what the budget pays for, in multiples of the beam width", () => {
    const plan = (budget: Budget, request: Partial<SearchRequest> = {}) =>
      planFixed({ ...request, strategy: "beam" }, features, budget);
    expect(plan({})).toMatchObject({ n: 16, beamWidth: 4, vote: "weighted", aggregation: "last" });
    expect(plan({ generatedTokens: 550 })).toMatchObject({
      n: 8,
      reason: expect.stringContaining("fit the budget"),
    });
    expect(plan({ generatedTokens: 10 }).n).toBe(4);
    expect(plan({ generatedTokens: 10 }, { n: 12 }).n).toBe(12);
    expect(plan({ flops: 2e9 * 50 * 5 }).n).toBe(4);
  });

  test.each([
    [6, 3],
    [10, 2],
    [7, 1],
    [256, 4],
  ])("finds a beam width for n = %i: %i", (n, beamWidth) => {
    expect(planFixed({ strategy: "dvts", n }, features, {}).beamWidth).toBe(beamWidth);
  });

  test("reads and weighs nothing for majority", () => {
    expect(planFixed({ strategy: "majority" }, features, {})).toMatchObject({
      verifier: "none",
      vote: "majority",
    });
  });

  test("samples first; a search that no longer fits gives way to samples", () => {
    expect(planFirst({ strategy: "auto" }, features)).toMatchObject({
      strategy: "best_of_n",
      n: 4,
      row: "first samples",
    });
    const { row, name } = lookUp(1e9, "strong", 0.3);
    const run = (affordable: number, n?: number) =>
      planRun(
        { strategy: "auto", ...(n !== undefined && { n }) },
        features,
        { row, name, run: 16 },
        "Because.",
        affordable,
      );
    expect(run(Infinity)).toMatchObject({
      strategy: "beam",
      n: 16,
      beamWidth: 4,
      row: name,
      reason: "Because.",
    });
    expect(run(11)).toMatchObject({
      strategy: "beam",
      n: 8,
      reason: expect.stringContaining("8 instead of 16"),
    });
    expect(run(3)).toMatchObject({ strategy: "best_of_n", n: 3 });
    expect(run(0)).toBeUndefined();
    expect(run(Infinity, 6)).toMatchObject({ strategy: "beam", n: 6, beamWidth: 3 });
  });

  test("tells what would follow for each difficulty", () => {
    const { first, followUps } = planAhead({ strategy: "auto" }, features, {});
    expect(first.n).toBe(4);
    expect(followUps.map(({ strategy, n }) => [strategy, n])).toEqual([
      ["best_of_n", 4],
      ["beam", 16],
      ["beam", 64],
    ]);
    expect(planAhead({ strategy: "auto" }, features, { generatedTokens: 100 }).followUps).toEqual([]);
  });

  test("where the prompt decides, the row of an average problem comes first, and then the others", () => {
    const rows = ["beam", "dvts", "best_of_n"].map((strategy) =>
      calibratedRow({ strategy: strategy as "beam", runs: [8] }),
    );
    const calibration = calibrationOf({
      bins: [0.3, 0.7],
      difficulty: difficultyBy("prompt", 0),
      tiers: [tier({ firstSamples: 0, rows })],
    });
    const { first, followUps } = planAhead({ strategy: "auto" }, { ...features, calibration }, {});
    expect(first).toMatchObject({ strategy: "dvts", n: 8, row: "calibrated, pass@1 0.3-0.7, from 0 tokens" });
    expect(followUps.map(({ strategy, estimatedPassRate }) => [strategy, estimatedPassRate])).toEqual([
      ["best_of_n", 0.85],
      ["beam", 0.15],
    ]);
    expect(followUps[0]!.reason).toBe("If the prompt shows this difficulty, the table says best_of_n.");
    const poor = planAhead({ strategy: "auto" }, { ...features, calibration }, { generatedTokens: 20 });
    expect(poor.first.n).toBe(1);
  });

  test("takes the first samples from the budget's tier", () => {
    const calibration = calibrationOf({
      bins: [],
      difficulty: difficultyBy("mean score", 1, 2),
      tiers: [tier({ firstSamples: 1 }), tier({ tokens: 1000, firstSamples: 2 })],
    });
    const first = (tokens: number) =>
      planAhead({ strategy: "auto" }, { ...features, calibration }, { tokens }).first.n;
    expect([999, 1000].map(first)).toEqual([1, 2]);
  });

  test("operations pay for both models", () => {
    expect(budgetTokens({ flops: 80e9 }, features)).toBe(20);
    expect(
      featuresOf(
        { contextLength: 64 } as PolicyInfo,
        toyScorer(() => 0),
      ).verifierFlopsPerToken,
    ).toBe(0);
  });

  test("SWIFT reads what was computed anyway, so that its budget is the policy's", () => {
    const tokens = (verifier: Features["verifier"]) =>
      budgetTokens({ generatedTokens: 100 }, { ...features, verifier });
    expect((["none", "swift", "prm", "rank"] as const).map(tokens)).toEqual([100, 100, 200, 200]);
  });

  test("rejects what is weak as asked; AUTO's searches as calibrated, its samples not", () => {
    const calibrated = { ...features, calibration: calibrationOf({ rejectBelow: 0.02 }) };
    const fixed = (strategy: "beam" | "best_of_n" | "majority", rejectBelow?: number) =>
      planFixed({ strategy, ...(rejectBelow !== undefined && { rejectBelow }) }, calibrated, {}).rejectBelow;
    expect([fixed("beam"), fixed("beam", 0.3), fixed("best_of_n", 0.3), fixed("majority")]).toEqual([
      0, 0.3, 0.3, 0,
    ]);
    const auto = (strategy: "beam" | "best_of_n" | "majority", rejectBelow?: number) => {
      const request = { strategy: "auto", ...(rejectBelow !== undefined && { rejectBelow }) } as const;
      const choice = { row: { strategy, runs: [8] }, name: "row", run: 8 };
      return planRun(request, calibrated, choice, "Because.", Infinity)!.rejectBelow;
    };
    expect([auto("beam"), auto("beam", 0), auto("best_of_n"), auto("best_of_n", 0.3)]).toEqual([
      0.02, 0, 0, 0.3,
    ]);
    expect(auto("majority", 0.3)).toBe(0);
  });

  test("takes a solution's length from the calibration", () => {
    const info = { contextLength: 4096 } as PolicyInfo;
    expect(
      featuresOf(
        info,
        toyScorer(() => 0),
        calibrationOf({ solutionTokens: 29.5 }),
      ).solutionTokens,
    ).toBe(29.5);
  });

  test("guesses a solution's length from the context", () => {
    const info = {
      model: "",
      modelHash: "",
      stepDelimiter: "",
      hiddenSize: 1,
      hiddenStateCount: 1,
      precision: "fp32",
      chatTemplateHash: "",
      vocabularySize: 50,
      parameterCount: 1,
      flopsPerToken: 2,
      defaultSampling: {},
    };
    const guess = (contextLength: number): number =>
      featuresOf(
        { ...info, contextLength },
        toyScorer(() => 0.5),
      ).solutionTokens;
    expect([guess(128), guess(1024), guess(131_072)]).toEqual([32, 128, 512]);
  });

  test("never plans beyond the caller's n, the budget or the width", () => {
    const passRates = fc.constantFrom(0.02, 0.3, 0.9);
    const sizes = fc.constantFrom(1e8, 1e10, 1e11);
    const counts = fc.option(fc.integer({ min: 1, max: 256 }), { nil: undefined });
    fc.assert(
      fc.property(
        passRates,
        sizes,
        counts,
        fc.integer({ min: 0, max: 300 }),
        (passRate, parameterCount, n, affordable) => {
          const request: SearchRequest = { strategy: "auto", ...(n !== undefined && { n }) };
          const { row, name } = lookUp(parameterCount, "strong", passRate);
          for (const run of row.runs) {
            const plan = planRun(request, features, { row, name, run }, "Because.", affordable);
            if (plan === undefined) continue;
            expect(plan.n).toBeLessThanOrEqual(Math.min(n ?? 256, affordable, run));
            expect(plan.n % plan.beamWidth).toBe(0);
          }
        },
      ),
    );
  });
});

describe("the temperature", () => {
  const trained: Features = { ...features, verifier: "swift", strength: "weak", trainedTemperature: 1 };
  const hint = "Sampled at 1, as the SWIFT head was trained.";

  test("is the one that the head was trained at, and the plan says so", () => {
    expect(planFixed({ strategy: "best_of_n" }, trained, {})).toMatchObject({
      temperature: 1,
      reason: `The caller chose best_of_n. ${hint}`,
    });
    expect(planFirst({ strategy: "auto" }, trained)).toMatchObject({ temperature: 1 });
    expect(planFirst({ strategy: "auto" }, trained).reason).toContain(hint);
  });

  test("is the caller's where there is one, and our own where nothing is scored", () => {
    const plan = planFixed({ strategy: "beam", sampling: { temperature: 1 } }, trained, {});
    expect(plan).toMatchObject({ temperature: 1, reason: "The caller chose beam." });
    expect(planFixed({ strategy: "majority" }, trained, {})).toMatchObject({
      temperature: 0.8,
      reason: "The caller chose majority.",
    });
    expect(planFixed({ strategy: "greedy" }, trained, {}).temperature).toBe(0);
    expect(planFixed({ strategy: "beam" }, features, {}).temperature).toBe(0.8);
  });
});

describe.each(["early_rejection", "rebase", "particle_filtering"] as const)("%s", (strategy) => {
  test("has no width: any n will do", () => {
    expect(planFixed({ strategy, n: 7 }, features, {})).toMatchObject({ n: 7, beamWidth: 1 });
    assertRequest("1 + 1", { strategy, n: 10, beamWidth: 4 }, {});
    expect(planFixed({ strategy }, features, { generatedTokens: 350 }).n).toBe(7);
    const choice = { row: { strategy, runs: [16] }, name: "a row", run: 16 };
    expect(planRun({ strategy: "auto" }, features, choice, "Because.", 7.5)).toMatchObject({
      strategy,
      n: 7,
      beamWidth: 1,
    });
  });
});

describe("assertRequest", () => {
  const assert = (request: Partial<SearchRequest>, budget: Budget = {}, problem = "1 + 1"): void =>
    assertRequest(problem, { strategy: "beam", ...request }, budget);

  test.each([
    [{ n: 0 }, "n"],
    [{ n: 257 }, "n"],
    [{ n: 2.5 }, "n"],
    [{ n: Number.NaN }, "n"],
    [{ beamWidth: -1 }, "beam_width"],
    [{ n: 10, beamWidth: 4 }, "n"],
    [{ rejectBelow: 1 }, "reject_below"],
    [{ rejectBelow: -0.1 }, "reject_below"],
    [{ rejectBelow: Number.NaN }, "reject_below"],
    [{ maxDepth: 0 }, "max_depth"],
    [{ maxSolutionTokens: 0 }, "max_solution_tokens"],
    [{ strategy: "greedy", n: 2 }, "n"],
    [{ strategy: "greedy", sampling: { temperature: 1 } }, "sampling.temperature"],
    [{ strategy: "majority", vote: "max" }, "vote"],
  ] as const)("refuses %j by the name of %s", (request, field) => {
    expect(() => assert(request)).toThrow(
      expect.objectContaining({
        code: "invalid_argument",
        details: expect.objectContaining({ fieldViolations: [expect.objectContaining({ field })] }),
      }),
    );
  });

  test.each([
    { generatedTokens: -1 },
    { generatedTokens: Number.NaN },
    { verifierTokens: 0 },
    { flops: Number.POSITIVE_INFINITY },
    { wallTimeMs: -5 },
  ])("refuses the budget %j", (budget) => {
    expect(() => assert({}, budget)).toThrow(/budget\./);
  });

  test.each(["rank", "scaled"] as const)("refuses products of rewards for %s fusion", (verifier) => {
    expect(() => assertVerifier({ strategy: "best_of_n", aggregation: "prod" }, verifier)).toThrow(
      /aggregation.*must be last, min or mean/,
    );
    for (const aggregation of ["last", "min", "mean"] as const)
      assertVerifier({ strategy: "beam", aggregation }, verifier);
    assertVerifier({ strategy: "beam", aggregation: "prod" }, "swift");
  });

  test("refuses an empty problem, and a step search without a verifier", () => {
    expect(() => assert({}, {}, "  ")).toThrow(/problem/);
    expect(() => assertVerifier({ strategy: "auto", rejectBelow: 0.1 }, "none")).toThrow(
      "reject_below must be 0 where nothing is scored, got 0.1 for auto with verifier none",
    );
    expect(() => assertVerifier({ strategy: "majority", rejectBelow: 0.1 }, "prm")).toThrow(/reject_below/);
    assertVerifier({ strategy: "majority", rejectBelow: 0 }, "none");
    expect(() => assertVerifier({ strategy: "beam" }, "none")).toThrow(/must score steps/);
    expect(() => assertVerifier({ strategy: "early_rejection" }, "none")).toThrow(/must score steps/);
    assertVerifier({ strategy: "auto" }, "none");
    assert({ n: 8, beamWidth: 4 }, { generatedTokens: 1, flops: 0.5, wallTimeMs: 0.5 });
  });
});

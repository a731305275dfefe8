import { describe, expect, test } from "vitest";
import { binOf, passRateFrom, predict, tierOf } from "#verifier/plan/calibration/calibration.js";
import { confidenceFeatures, difficultyFeatures, logit } from "#verifier/plan/calibration/features.js";
import { calibrationOf, difficultyBy, tier } from "../../../../fakes/calibration.js";
import type { Candidate } from "#verifier/search/types.js";

const candidate = (answer: string, score?: number, meanEntropy = 0.5): Candidate => ({
  nodeId: 1,
  firstNodeId: 1,
  answer,
  score,
  belief: score,
  text: "",
  stepScores: [],
  tokenCount: 1,
  meanLogProb: -1,
  meanEntropy,
  subtree: 0,
});

describe("predict", () => {
  const model = { intercept: 1, weights: [2, -1], means: [3, 0], deviations: [2, 4] };
  test("is the logistic of the standardised features", () => {
    const expected = 1 / (1 + Math.exp(-(1 + (2 * (5 - 3)) / 2 - 8 / 4)));
    expect(predict(model, [5, 8])).toBeCloseTo(expected, 12);
  });
  test("takes an unknown feature for an average one", () => {
    expect(predict(model, [undefined, 8])).toBe(predict(model, [3, 8]));
    expect(predict(model, [])).toBe(predict(model, [3, 0]));
  });
});

test("bins begin at their lower edge", () => {
  const calibration = calibrationOf({ bins: [0.2, 0.6] });
  expect([0, 0.19, 0.2, 0.59, 0.6, 1].map((rate) => binOf(calibration, rate))).toEqual([0, 0, 1, 1, 2, 2]);
});

test("the tier is the dearest that the budget reaches, else the cheapest", () => {
  const calibration = calibrationOf({ bins: [], tiers: [tier({ tokens: 100 }), tier({ tokens: 1000 })] });
  expect([0, 100, 999, 1000, Infinity].map((tokens) => tierOf(calibration, tokens).tokens)).toEqual([
    100, 100, 100, 1000, 1000,
  ]);
});

test("difficulty is asked of the model for as many first samples as the tier has", () => {
  const calibration = calibrationOf({
    difficulty: [...difficultyBy("agreement", 4), ...difficultyBy("prompt", 0)],
  });
  const features = [2, undefined, undefined, undefined, -1];
  expect(passRateFrom(calibration, tier({ firstSamples: 4 }), features)).toBeCloseTo(1 / (1 + Math.exp(-2)));
  expect(passRateFrom(calibration, tier({ firstSamples: 0 }), features)).toBeCloseTo(1 / (1 + Math.exp(1)));
});

describe("difficulty", () => {
  test("samples that did not finish agree with nothing and are worth nothing", () => {
    const [agreement, entropy, score, best, prompt] = difficultyFeatures(
      [candidate("7", 0.8, 0.2), candidate("7", 0.4, 0.4)],
      4,
      0.3,
    );
    // One equal pair of six.
    expect(agreement).toBeCloseTo(Math.sqrt(1 / 6));
    expect(entropy).toBeCloseTo(0.3);
    expect(score).toBeCloseTo(logit(0.3));
    expect(best).toBeCloseTo(logit(0.8));
    expect(prompt).toBe(0.3);
  });
  test("what nobody measured is unknown, not 0", () => {
    expect(difficultyFeatures([], 4, undefined)).toEqual([0, undefined, undefined, undefined, undefined]);
    expect(difficultyFeatures([candidate("7")], 1, undefined).slice(2)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("confidence", () => {
  const votes = [
    { answer: "7", share: 0.75, count: 3 },
    { answer: "8", share: 0.25, count: 1 },
  ];
  test("tells a vote of kin from one of strangers", () => {
    const finished = [candidate("7", 0.9), candidate("8", 0.1)];
    const vote = { votes, winner: finished[0] };
    const strangers = confidenceFeatures(vote, finished, { isStepSearch: false, isWeighed: true })!;
    const kin = confidenceFeatures(vote, finished, { isStepSearch: true, isWeighed: true })!;
    expect(strangers.kind).toBe("scored");
    expect(strangers.values).toEqual([logit(0.75), logit(0.9), 2, logit(0.5), 0.5, 0, 0]);
    expect(kin.values).toEqual([...strangers.values.slice(0, 5), 1, logit(0.75)]);
  });
  test("needs no scores", () => {
    const finished = [candidate("7", undefined, 0.1), candidate("8", undefined, 0.3)];
    const expected = { kind: "unscored", values: [logit(0.75), 2, expect.closeTo(0.2, 12), 0.1] };
    const vote = { votes, winner: finished[0] };
    expect(confidenceFeatures(vote, finished, { isStepSearch: false, isWeighed: true })).toEqual(expected);
    // Nor does it look at those that did not count.
    const read = finished.map((each) => ({ ...each, score: 0.9 }));
    const counted = { votes, winner: read[0] };
    expect(confidenceFeatures(counted, read, { isStepSearch: false, isWeighed: false })).toEqual(expected);
  });
  test("says nothing where nobody voted", () => {
    expect(
      confidenceFeatures({ votes: [], winner: undefined }, [], { isStepSearch: false, isWeighed: true }),
    ).toBeUndefined();
  });
});

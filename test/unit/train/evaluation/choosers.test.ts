import { describe, expect, suite, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { bootstrap, mean } from "#shared/stats.js";
import type { Candidate, TestProblem } from "#train/evaluation/swift/candidates.js";
import { bestOf, first, majority, oracle, voteOf } from "#train/evaluation/swift/choosers.js";
import { createResampler } from "#train/evaluation/swift/resampler.js";
import { aucRows, choiceRows, countsUpTo } from "#train/evaluation/swift/rows.js";
import { freeScorers, recordedScorer } from "#train/evaluation/swift/scorers.js";

/** `R`: the right answer, `W`, `V`: wrong ones, `U`: unfinished, `A`: ambiguous; a number behind it is its score. */
function candidates(text: string): Candidate[] {
  return text.split(" ").map((part) => {
    const kind = part[0]!;
    const label = { R: "right", W: "wrong", V: "wrong", U: "unfinished", A: "ambiguous" }[kind] as
      | "right"
      | "wrong"
      | "unfinished"
      | "ambiguous";
    return {
      answer: kind === "U" ? undefined : kind,
      label,
      tokens: 4,
      sumLogProb: -2,
      meanEntropy: 0.5,
      scores: { s: Number(part.slice(1)) },
    };
  });
}

const reward = recordedScorer("s", "reward");

suite("choosers", () => {
  const cases: readonly (readonly [name: string, text: string, expected: readonly number[]])[] = [
    // first, majority, best, vote, oracle
    ["the right one first, but few", "R0 W1 W1", [1, 0, 0, 0, 1]],
    ["an unfinished first, the rest right", "U9 R0 R0", [0, 1, 1, 1, 1]],
    ["one right with a much higher score", "W-3 W-3 R3", [0, 0, 1, 1, 1]],
    ["ties go to the earlier", "R1 W1", [1, 1, 1, 1, 1]],
    ["and not to the later", "W1 R1", [0, 0, 0, 0, 1]],
    ["nothing finished", "U1 U2", [0, 0, 0, 0, 0]],
    ["an ambiguous one is not right", "A5 W1", [0, 0, 0, 0, 0]],
    // sigmoid(0.2) twice is more than sigmoid(2) once.
    ["the vote adds up what the best does not", "R0.2 W2 R0.2", [1, 1, 0, 1, 1]],
  ];
  test.each(cases)("%s", (_, text, expected) => {
    const all = candidates(text);
    expect([first(all), majority(all), bestOf(reward)(all), voteOf(reward)(all), oracle(all)]).toEqual(
      expected,
    );
  });

  test("weights that are all too small for a float still vote", () => {
    const scorer = { logWeight: ({ scores }: Candidate) => scores["s"]! };
    expect(voteOf(scorer)(candidates("W-900.4 R-900 W-901"))).toBe(0);
    expect(voteOf(scorer)(candidates("W-902 R-900 W-902"))).toBe(1);
  });
});

describe("scorers", () => {
  const [one] = candidates("R0.25");

  test("free ones, by hand", () => {
    const [meanLogProb, sumLogProb, certainty] = freeScorers(100);
    expect(meanLogProb!.score(one!)).toBe(-0.5);
    expect(sumLogProb!.score(one!)).toBe(-2);
    expect(certainty!.score(one!)).toBeCloseTo(Math.log(100) - 0.5, 12);
    expect(certainty!.logWeight(one!)).toBeCloseTo(Math.log(Math.log(100) - 0.5), 12);
  });

  test("a reward votes by its sigmoid, a probability by itself", () => {
    expect(Math.exp(reward.logWeight(one!))).toBeCloseTo(1 / (1 + Math.exp(-0.25)), 12);
    expect(Math.exp(recordedScorer("s", "probability").logWeight(one!))).toBeCloseTo(0.25, 12);
    expect(reward.logWeight({ ...one!, scores: { s: -1e4 } })).toBeCloseTo(-1e4, 6);
  });
});

test("intervals are those of the plain bootstrap", () => {
  const values = Array.from({ length: 40 }, (_, i) => Number(i % 3 === 0));
  expect(createResampler(40, createRng(3), 200)(values)).toEqual(bootstrap(values, mean, createRng(3), 200));
});

suite("rows", () => {
  const problems: TestProblem[] = [
    { id: "a", candidates: candidates("W0 R1 W3 R2") },
    { id: "b", candidates: candidates("R5 R6 R7 R8") },
    { id: "c", candidates: candidates("W-1 A9 U9 R0") },
  ];

  test("the AUC leaves out what is no label, and within a problem what cannot be compared", () => {
    const [row] = aucRows(problems, [reward], 1);
    // a: right 1, 2 over wrong 0, 3: two of four pairs. c: right 0 over wrong -1.
    expect(row!.withinProblem!.estimate).toBeCloseTo((0.5 + 1) / 2, 12);
    // Right 1 2 5 6 7 8 0 against wrong 0 3 -1: 21 pairs; lost: 1, 2, 0 to 3; tied: 0 with 0.
    expect(row!.overall).toBeCloseTo((21 - 3 - 0.5) / 21, 12);
  });

  test("accuracy is told for every number of candidates, against the majority of as many", () => {
    expect(countsUpTo(problems)).toEqual([1, 2, 4]);
    const rows = choiceRows(problems, [reward], [1, 2, 4], 1);
    const of = (pick: string, n: number) => rows.find((each) => each.pick === pick && each.n === n)!;
    expect(of("first", 4).accuracy.estimate).toBeCloseTo(1 / 3, 12);
    expect(of("best", 2).accuracy.estimate).toBeCloseTo(2 / 3, 12);
    expect(of("oracle", 4).accuracy.estimate).toBe(1);
    expect(of("best", 2).againstMajority.estimate).toBeCloseTo(1 / 3, 12);
    expect(of("majority", 4).againstMajority).toEqual({ estimate: 0, low: 0, high: 0 });
  });
});

import { describe, expect, test } from "vitest";
import type { Candidate } from "#verifier/search/types.js";
import { tally, warningFor } from "#verifier/search/vote.js";

const candidate = (nodeId: number, answer: string, score?: number): Candidate => ({
  nodeId,
  firstNodeId: nodeId,
  answer,
  score,
  belief: score,
  text: `text ${nodeId}`,
  stepScores: score === undefined ? [] : [score],
  tokenCount: 1,
  meanLogProb: -1,
  meanEntropy: 1,
  subtree: 0,
});

describe("tally", () => {
  const field = [
    candidate(1, "a", 0.3),
    candidate(2, "b", 0.5),
    candidate(3, "a", 0.3),
    candidate(4, "c", 0.1),
  ];

  test("has no winner among none", () => {
    expect(tally([], "weighted", 0)).toEqual({ votes: [], winner: undefined, confidence: 0, mass: 0 });
    expect(tally([candidate(1, "", 0.9)], "weighted", 0).winner).toBeUndefined();
  });

  test("weighted adds the scores of equal answers", () => {
    const { votes, winner, confidence } = tally(field, "weighted", 0);
    expect(votes.map(({ answer, count }) => [answer, count])).toEqual([
      ["a", 2],
      ["b", 1],
      ["c", 1],
    ]);
    expect(votes[0]!.share).toBeCloseTo(0.5);
    expect(winner!.nodeId).toBe(1);
    // share 0.6 / 1.2, best score 0.3
    expect(confidence).toBeCloseTo(0.15);
  });

  test("max takes the best-scored candidate", () => {
    expect(tally(field, "max", 0).winner!.answer).toBe("b");
  });

  test("majority counts, whatever the scores", () => {
    const { winner, votes, confidence } = tally(field, "majority", 0);
    expect(winner!.answer).toBe("a");
    expect(votes[0]!.share).toBe(0.5);
    // share 2 / 4, four candidates against one imaginary dissenter
    expect(confidence).toBeCloseTo(0.5 * 0.8);
  });

  test("breaks ties by score, then by node id, in any order of arrival", () => {
    const tied = [candidate(9, "x", 0.4), candidate(2, "y", 0.4), candidate(5, "z", 0.4)];
    expect(tally(tied, "weighted", 0).winner!.answer).toBe("y");
    expect(tally(tied.toReversed(), "weighted", 0).winner!.answer).toBe("y");
    expect(
      tally([candidate(1, "x", 0.2), candidate(2, "x", 0.2), candidate(3, "y", 0.4)], "weighted", 0).winner!
        .answer,
    ).toBe("y");
    expect(tally([candidate(3, "p"), candidate(2, "q")], "majority", 0).winner!.answer).toBe("q");
  });

  test("breaks ties by the first step, whose id does not depend on what runs beside", () => {
    const end = (firstNodeId: number, nodeId: number, answer: string) => ({
      ...candidate(nodeId, answer),
      firstNodeId,
    });
    expect(tally([end(1, 9, "p"), end(2, 8, "q")], "majority", 0).winner!.answer).toBe("p");
    expect(tally([end(1, 8, "p"), end(2, 9, "q")], "majority", 0).winner!.answer).toBe("p");
  });

  test("lets the unscored vote only when none is scored", () => {
    const mixed = [candidate(1, "a"), candidate(2, "a"), candidate(3, "b", 0.2)];
    expect(tally(mixed, "weighted", 0).winner!.answer).toBe("b");
    expect(tally(mixed.slice(0, 2), "weighted", 0).winner!.answer).toBe("a");
  });

  test("trusts a lone sample half, and less where others did not finish", () => {
    expect(tally([candidate(1, "a")], "majority", 0).confidence).toBe(0.5);
    expect(tally([candidate(1, "a")], "majority", 3).confidence).toBeCloseTo(0.2);
  });
});

describe("warningFor", () => {
  const warn = (candidates: readonly Candidate[], cut = 0): string | undefined =>
    warningFor(tally(candidates, "weighted", cut), candidates.length, cut);

  test("is silent when the answer can be relied on", () => {
    expect(warn([candidate(1, "a", 0.9), candidate(2, "a", 0.8)])).toBeUndefined();
  });

  test("says why it cannot, in one sentence", () => {
    expect(warn([])).toMatch(/^No candidate finished.*\.$/);
    expect(warn([candidate(1, "", 0.9)])).toMatch(/holds an answer/);
    expect(warn([candidate(1, "a", 0.1)], 2)).toMatch(
      /verifier doubts.*2 of 3 solutions did not come to an end.*\.$/,
    );
    expect(warn([candidate(1, "a", 0.9), candidate(2, "b", 0.8), candidate(3, "c", 0.8)])).toMatch(
      /disagree \(36 %/,
    );
  });
});

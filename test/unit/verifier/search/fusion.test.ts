import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fuse, rankScores, scaleScores, type ScorePair } from "#verifier/search/fusion.js";
import { createPath, type Group, type Path } from "#verifier/search/path.js";
import { rankPaths } from "#verifier/search/ranking.js";
import type { Candidate } from "#verifier/search/types.js";
import { fuseCandidates, tally } from "#verifier/search/vote.js";

/** Facts of the reference implementation, methods.md 7.3. */
const SWIFT = [0.2, 1.4, -0.3, 0.9];
const PRM = [3, 1, 2.5, 2.8];
const VECTOR: ScorePair[] = SWIFT.map((swift, i) => ({ swift, prm: PRM[i]! }));

const candidate = (nodeId: number, answer: string, pair?: ScorePair): Candidate => ({
  nodeId,
  firstNodeId: nodeId,
  answer,
  score: pair && 0.3,
  belief: pair && 0.3,
  ...(pair && { swiftScore: pair.swift, prmScore: pair.prm }),
  text: "",
  stepScores: [],
  tokenCount: 1,
  meanLogProb: 0,
  meanEntropy: 1,
  subtree: 0,
});

describe("the reference's vector", () => {
  test("ranks are [2, 0, 3, 1] and [0, 3, 2, 1], the worse ones [2, 3, 3, 1]", () => {
    expect(rankScores(SWIFT)).toEqual([2, 0, 3, 1]);
    expect(rankScores(PRM)).toEqual([0, 3, 2, 1]);
    // (4 - r) / 4
    expect(fuse("rank", VECTOR)).toEqual([0.5, 0.25, 0.25, 0.75]);
  });

  test("scaled means are [.64705882, .5, .375, .80294118]", () => {
    expect(fuse("scaled", VECTOR)).toBeAllclose([0.64705882, 0.5, 0.375, 0.80294118], { atol: 1e-8 });
  });

  test.each(["rank", "scaled"] as const)("Best-of-N picks 3 by %s", (fusion) => {
    const field = VECTOR.map((pair, i) => candidate(i + 1, `${i}`, pair));
    for (const order of [field, field.toReversed()]) {
      const { winner } = tally(order, "max", 0, fusion);
      expect(winner!.answer).toBe("3");
      // The winner's standing in its group says nothing of how far to trust it.
      expect(winner!.belief).toBe(0.3);
    }
    expect(tally(field, "max", 0, fusion).confidence).toBeLessThanOrEqual(0.3);
  });
});

describe("ties", () => {
  test("equal scores have different ranks, in the order given", () => {
    expect(rankScores([1, 2, 2, 1])).toEqual([2, 0, 1, 3]);
  });

  test("a constant group is scaled to 1", () => {
    expect(scaleScores([0.4, 0.4])).toEqual([1, 1]);
    expect(
      fuse("scaled", [
        { swift: 1, prm: 0.2 },
        { swift: 1, prm: 0.6 },
      ]),
    ).toEqual([0.5, 1]);
  });

  test("go to the lower first node, whoever came first", () => {
    // Each is first by one model and second by the other.
    const [a, b] = [candidate(4, "a", { swift: 2, prm: 0.1 }), candidate(9, "b", { swift: 1, prm: 0.7 })];
    for (const fusion of ["rank", "scaled"] as const)
      for (const order of [
        [a, b],
        [b, a],
      ])
        expect(tally(order, "max", 0, fusion).winner!.answer).toBe("a");
  });
});

describe("a vote", () => {
  test("weighs rank r of n as (n - r) / n and a scaled score as itself", () => {
    const field = [
      candidate(1, "x", VECTOR[0]),
      candidate(2, "y", VECTOR[1]),
      candidate(3, "y", VECTOR[2]),
      candidate(4, "x", VECTOR[3]),
    ];
    expect(tally(field, "weighted", 0, "rank").votes).toMatchObject([
      { answer: "x", share: 1.25 / 1.75 },
      { answer: "y" },
    ]);
    const scaled = tally(field, "weighted", 0, "scaled");
    expect(scaled.votes[0]!.share).toBeCloseTo(1.45 / 2.325, 6);
    expect(scaled.confidence).toBeCloseTo((0.3 * 1.45) / 2.325, 6);
  });

  test("compares with candidates that hold no answer, and not with unscored ones", () => {
    const field = [
      candidate(1, "", { swift: 3, prm: 0.9 }),
      candidate(2, "x", { swift: 1, prm: 0.5 }),
      candidate(3, "y"),
    ];
    expect(fuseCandidates(field, "rank").map(({ score }) => score)).toEqual([1, 0.5, undefined]);
    expect(tally(field, "weighted", 0, "rank").votes).toEqual([{ answer: "x", share: 1, count: 1 }]);
  });
});

test("a member without scores is compared with nobody", () => {
  expect(fuse("rank", [undefined, VECTOR[0], VECTOR[1]])).toEqual([undefined, 0.5, 0.5]);
  expect(fuse("scaled", [undefined])).toEqual([undefined]);
});

test("values lie in [0, 1] and only the order of scores matters to ranks", () => {
  const scores = fc.array(
    fc.record({
      swift: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      prm: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(scores, (members) => {
      for (const fusion of ["rank", "scaled"] as const)
        for (const value of fuse(fusion, members)) expect(value! >= 0 && value! <= 1).toBe(true);
      const shifted = members.map(({ swift, prm }) => ({ swift: Math.fround(swift) * 4, prm }));
      const rounded = members.map(({ swift, prm }) => ({ swift: Math.fround(swift), prm }));
      expect(fuse("rank", shifted)).toEqual(fuse("rank", rounded));
    }),
  );
});

describe("a round of a step search", () => {
  const group: Group = { subtree: 0, size: 4, finished: 0, active: new Set(), wanted: [], openGrows: 0 };
  const path = (nodeId: number, pair: ScorePair, text = `${nodeId}`): Path => {
    const none = { tokenIds: [1], logProbs: [0], entropies: [0], probeOutputs: new Float32Array() };
    const step = { nodeId, parentId: 0, text, finishReason: "step", ...none } as const;
    const created = createPath(step, undefined, group);
    created.score = { score: 0.5, ...pair };
    return created;
  };

  test.each([
    // Of equal worst ranks (1 and 2 both have 3) the lower node stands first; scaled values are all different.
    ["rank", [13, 10, 11, 12]],
    ["scaled", [13, 10, 11, 12]],
  ] as const)("is ordered by %s of its own members", (fusion, expected) => {
    const paths = VECTOR.map((pair, i) => path(10 + i, pair));
    const { distinct } = rankPaths(paths.toReversed(), "last", fusion);
    expect(distinct.map(({ path: { nodeId } }) => nodeId)).toEqual(expected);
  });

  test("keeps the better of two equal texts", () => {
    const [worse, better] = [
      path(1, { swift: 0, prm: 0.1 }, "same"),
      path(2, { swift: 1, prm: 0.9 }, "same "),
    ];
    const { distinct, duplicates } = rankPaths([worse, better], "last", "scaled");
    expect(distinct).toEqual([{ path: better, copies: 2, value: 1 }]);
    expect(duplicates).toEqual([worse]);
  });
});

import { expect, test } from "vitest";
import { toArm } from "#train/strategies/arm.js";
import { difficultyOf } from "#train/strategies/difficulty.js";
import { candidate, solve } from "../../../fakes/solve-records.js";

/** Problem i of 0..5: i of the 5 candidates that are judged are right, and the first four tell it or do not. */
function samples(i: number, tells: boolean) {
  const seen = Array.from({ length: 4 }, (_, k) =>
    candidate({ answer: k < 1 + Math.floor(i / 2) ? "7" : `x${k}`, meanEntropy: tells ? 5 - i : i }),
  );
  const judged = Array.from({ length: 5 }, (_, k) => candidate({ correct: k < i }));
  return [...seen, ...judged];
}

const problems = [0, 1, 2, 3, 4, 5];
const majorityArm = (tells: boolean) =>
  toArm(
    "majority",
    "majority@16",
    problems.map((i) => solve({ id: `p${i}`, level: 6 - i, candidates: samples(i, tells) })),
  );

test("is empty where no sample is left to judge by", () => {
  const arm = toArm("majority", "majority@4", [solve({ candidates: samples(3, true).slice(0, 4) })]);
  expect(difficultyOf(new Map([["majority", [arm]]]))).toEqual([]);
});

test("orders problems by what the first four samples show, and judges by the others", () => {
  const found = difficultyOf(new Map([["majority", [majorityArm(true)]]]));
  const byName = new Map(found.map((row) => [row.name, row]));
  expect([...byName.keys()]).toEqual([
    "agreement of 4 samples",
    "minus mean entropy of 4 samples",
    "minus level",
  ]);
  expect(byName.get("minus mean entropy of 4 samples")!.rankCorrelation.estimate).toBeCloseTo(1, 12);
  expect(byName.get("minus level")!.rankCorrelation.estimate).toBeCloseTo(1, 12);
  expect(byName.get("minus level")).toMatchObject({ brier: null, ece: null, bins: [] });
  // Ranks 1.5 1.5 3.5 3.5 5.5 5.5 against 1..6: products 16, squares 16 and 17.5.
  expect(byName.get("agreement of 4 samples")!.rankCorrelation.estimate).toBeCloseTo(
    Math.sqrt(16 / 17.5),
    12,
  );
  const wrong = difficultyOf(new Map([["majority", [majorityArm(false)]]]));
  expect(wrong[1]!.rankCorrelation.estimate).toBeCloseTo(-1, 12);
});

test("looks up AUTO's estimate and the verifier's scores by problem and seed", () => {
  const auto = toArm(
    "auto",
    "auto@512",
    problems.map((i) => solve({ id: `p${i}`, estimatedPassRate: i / 5 })),
  );
  const bon = toArm(
    "bon",
    "bon@4",
    problems.map((i) =>
      solve({ id: `p${i}`, candidates: samples(i, true).map((each) => ({ ...each, score: 1 - i / 5 })) }),
    ),
  );
  const found = difficultyOf(
    new Map([
      ["majority", [majorityArm(true)]],
      ["auto", [auto]],
      ["bon", [bon]],
    ]),
  );
  const estimate = found.find(({ name }) => name === "AUTO's estimate")!;
  expect(estimate.rankCorrelation.estimate).toBeCloseTo(1, 12);
  // The estimate is exact, so what is left is p(1 - p): mean of 0, .16, .24, .24, .16, 0
  expect(estimate.brier).toBeCloseTo(0.8 / 6, 12);
  expect(estimate.ece).toBeCloseTo(0, 12);
  // 0.2 is in the third of ten, 1 in the last.
  expect(estimate.bins.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(estimate.bins.map(({ observed }) => observed)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  const scores = found.find(({ name }) => name.startsWith("mean verifier score"))!;
  expect(scores.rankCorrelation.estimate).toBeCloseTo(-1, 12);
});

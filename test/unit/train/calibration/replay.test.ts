import { expect, test } from "vitest";
import { openingsOf } from "#train/calibration/actions.js";
import { endOf } from "#train/calibration/fit-table.js";
import { createLayout } from "#train/calibration/layout.js";
import type { Observation } from "#train/calibration/observation.js";
import { replay, stationOf } from "#train/calibration/replay.js";
import type { CandidateRecord } from "#train/strategies/solve-record.js";
import { candidate, solve } from "../../../fakes/recorded-problems.js";

const layout = createLayout(16, ["beam", "dvts"], [8, 16]);
const wrong = (index: number) => candidate({ correct: false, answer: `wrong ${index}`, tokens: 10 + index });

/** 16 samples of 10 .. 25 tokens of which the 7th is right; DVTS with a right second subtree; a wide beam that is right. */
const observation: Observation = {
  id: "p",
  pool: solve(
    "bon@16",
    Array.from({ length: 16 }, (_, i) => (i === 6 ? candidate({ tokens: 16 }) : wrong(i))),
    "p",
    280,
  ),
  greedy: solve("greedy@1", [candidate({ tokens: 9 })], "p", 9),
  searches: new Map(
    [
      solve(
        "beam@8",
        Array.from({ length: 8 }, (_, i) => wrong(i)),
        "p",
        100,
      ),
      solve("beam@16", [candidate()], "p", 300),
      solve(
        "dvts@16",
        Array.from({ length: 16 }, (_, i) => {
          const subtree = Math.floor(i / 4) + 1;
          return subtree === 2 ? candidate({ subtree }) : { ...wrong(i), subtree };
        }),
        "p",
        200,
      ),
    ].map((record) => [record.arm, record]),
  ),
};

const follow = (
  strategy: "greedy" | "best_of_n" | "majority" | "beam" | "dvts",
  runs: number[],
  { rotation = 0, firstSamples = 4 } = {},
) =>
  replay(observation, layout, { strategy, beamWidth: 4, runs }, { rotation, firstSamples }).map(
    ({ correct, tokens }) => [correct, tokens],
  );

test("samples cost what they took, and as much again to read", () => {
  // 10 + 11 + 12 + 13 = 46; + 14 + 15 + 16 + 17 = 108; + 18 + ... + 25 = 280
  expect(follow("best_of_n", [4, 8])).toEqual([
    [false, 92],
    [true, 216],
    [true, 560],
  ]);
});

test("subtrees follow each other, each at its share", () => {
  expect(follow("dvts", [4, 4])).toEqual([
    [false, 92],
    [false, 192],
    [true, 292],
  ]);
});

test("other searches are taken whole, one after the other, and vote with what there is", () => {
  expect(follow("beam", [8, 16])).toEqual([
    [false, 92],
    [false, 292],
    [true, 892],
  ]);
});

test("other replays begin with other samples and go around the end", () => {
  // 14 + ... + 17 = 62, then 18 + ... + 25 and 10 + ... + 13
  expect(follow("best_of_n", [4, 8], { rotation: 1 })).toEqual([
    [true, 124],
    [true, 124 + 2 * (18 + 19 + 20 + 21)],
    [true, 560],
  ]);
  expect(follow("dvts", [4], { rotation: 1 })[1]).toEqual([true, 224]);
});

test("without first samples everything begins at once", () => {
  expect(follow("best_of_n", [1, 1], { firstSamples: 0 })).toEqual([
    [false, 20],
    [false, 42],
  ]);
  expect(follow("beam", [16], { firstSamples: 0 })).toEqual([[true, 600]]);
});

test("what is only counted is not paid for as if it had been read", () => {
  expect(follow("majority", [1, 1], { firstSamples: 0 })).toEqual([
    [false, 10],
    [false, 21],
  ]);
  // 2 * (10 + 11) for the first two, which are read, and 12 + 13.
  expect(follow("majority", [2], { firstSamples: 2 }).at(-1)).toEqual([false, 67]);
});

test("greedy is the recorded answer, which nobody reads", () => {
  expect(follow("greedy", [1], { firstSamples: 0 })).toEqual([[true, 9]]);
});

test("the verifier reads the problem once, before it reads anything else", () => {
  const { pool } = observation;
  const read = {
    ...observation,
    pool: { ...pool, spent: { ...pool.spent, promptTokens: 30, verifierTokens: 310 } },
  };
  const tokensOf = (strategy: "best_of_n" | "majority", runs: number[]): number[] =>
    replay(read, layout, { strategy, beamWidth: 1, runs }, { rotation: 0, firstSamples: 0 }).map(
      ({ tokens }) => tokens,
    );
  expect(tokensOf("best_of_n", [1, 1, 14])).toEqual([30 + 20, 30 + 42, 30 + 560]);
  expect(tokensOf("majority", [1, 1])).toEqual([10, 21]);
});

test("samples that did not finish are paid for evenly", () => {
  const half = Array.from({ length: 8 }, () => candidate({ tokens: 10 }));
  const cut = { ...observation, pool: solve("bon@16", half, "p", 240) };
  const stations = replay(
    cut,
    layout,
    { strategy: "best_of_n", beamWidth: 1, runs: [4] },
    { rotation: 0, firstSamples: 4 },
  );
  // 2 of 4 finish with 10 tokens each; 160 tokens of the 16 led nowhere.
  expect(stations.map(({ tokens }) => tokens)).toEqual([120, 240]);
});

test("the vote is the search's: a right answer that is doubted loses", () => {
  const doubted = [candidate({ score: 0.2 }), candidate({ correct: false, score: 0.7 })];
  const partOf = (candidates: CandidateRecord[]) => ({ candidates, generatedTokens: 0, verifierTokens: 0 });
  expect(stationOf(observation, partOf(doubted), "best_of_n").correct).toBe(false);
  const counted = [...doubted, candidate({ score: 0.1 })];
  const unscored = stationOf(observation, partOf(counted), "majority");
  expect(unscored.correct).toBe(true);
  expect(unscored.features?.kind).toBe("unscored");
});

test("nobody answered: wrong, and nothing to judge by", () => {
  const station = stationOf(
    observation,
    { candidates: [], generatedTokens: 5, verifierTokens: 0 },
    "best_of_n",
  );
  expect(station).toMatchObject({ correct: false, features: undefined, rawConfidence: 0 });
});

test("stops where it is sure, gives up where it is hopeless, and begins nothing it cannot pay for", () => {
  const stops = [0.5, 0.03, 0.9].map((confidence, i) => ({
    confidence,
    correct: i === 2,
    tokens: 100 * (i + 1),
  }));
  const stop = (stopAt: number, giveUpBelow: number, budget: number) =>
    endOf(stops, { stopAt, giveUpBelow }, budget).tokens;
  expect(stop(0.5, 0, 1000)).toBe(100);
  expect(stop(0.95, 0, 1000)).toBe(300);
  expect(stop(0.95, 0.05, 1000)).toBe(200);
  expect(stop(0.95, 0, 250)).toBe(200);
  expect(stop(0.95, 0, 10)).toBe(100);
});

test("offers nothing more, samples, every start of DVTS, and every stretch of the other widths", () => {
  const names = openingsOf(layout, true)
    .find(({ firstSamples }) => firstSamples === 4)!
    .actions.map(({ strategy, runs }) => `${strategy} ${runs.join("+")}`);
  expect(names[0]).toBe("best_of_n ");
  expect(new Set(names)).toEqual(
    new Set([
      "best_of_n ",
      "best_of_n 4",
      "best_of_n 4+8",
      "majority 4",
      "majority 4+8",
      "dvts 4",
      "dvts 4+4",
      "dvts 4+4+8",
      "dvts 8",
      "dvts 8+8",
      "dvts 16",
      "beam 8",
      "beam 16",
      "beam 8+16",
    ]),
  );
});

test("begins with the prompt alone, where it is known, or with one, two or four samples", () => {
  const counts = (hasPrompts: boolean) =>
    openingsOf(layout, hasPrompts).map(({ firstSamples }) => firstSamples);
  expect(counts(true)).toEqual([0, 1, 2, 4]);
  expect(counts(false)).toEqual([1, 2, 4]);
  const [none, one] = openingsOf(layout, true);
  const samples = ({ actions }: typeof none & {}) =>
    actions.filter(({ strategy }) => strategy === "majority").map(({ runs }) => runs.join("+"));
  expect(none!.actions.every(({ runs }) => runs.length > 0)).toBe(true);
  expect(samples(none!)).toEqual(["1", "1+1", "1+1+2", "1+1+2+4", "1+1+2+4+8"]);
  expect(samples(one!)).toEqual(["1", "1+2", "1+2+4", "1+2+4+8"]);
});

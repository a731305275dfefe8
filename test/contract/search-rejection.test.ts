/** Partial solutions that the verifier does not believe in are dropped, whatever the strategy. */
import { describe, expect, test } from "vitest";
import type { SearchRequest } from "#verifier/search/types.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { eventsOf, type Run, runSearch } from "../fakes/search-run.js";
import { toyScorer } from "../fakes/toy-scorer.js";

/** Two steps that name their path, and an answer. */
const script: Script = (place, texts) =>
  texts.length < 2
    ? { text: `${place.join(".")}\n`, tokens: 4 }
    : { text: `#### ${place[0]}`, finish: "eos", tokens: 2 };

/** Solves; `weak`: first places whose texts are not believed. */
async function solve(
  request: SearchRequest,
  weak: readonly number[],
): Promise<Run & { policy: ReturnType<typeof scriptedPolicy> }> {
  const policy = scriptedPolicy(script);
  const isWeak = (text: string): boolean => weak.includes(Number(/\d+/.exec(text)![0]));
  const scorer = toyScorer((text) => (isWeak(text) ? 0.04 : 0.6));
  return { policy, ...(await runSearch({ policy, scorer }, request)) };
}

const reasonsOf = ({ events }: Run): string[] => eventsOf(events, "node_pruned").map(({ reason }) => reason);
const countsOf = ({ policy }: Awaited<ReturnType<typeof solve>>): number[] =>
  policy.grows.map(({ count }) => count);

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

describe("best of n", () => {
  const request = { strategy: "best_of_n", n: 8, rejectBelow: 0.05 } as const;

  test("stops paying for weak ones after the step that showed it", async () => {
    const run = await solve(request, [0, 3, 4]);
    expect(reasonsOf(run)).toEqual(["weak", "weak", "weak"]);
    expect(countsOf(run)).toEqual([8, ...Array<number>(10).fill(1)]);
    expect(run.result.candidates).toHaveLength(5);
    expect(run.result.usage).toMatchObject({ generatedTokens: 8 * 4 + 5 * 6, prunedTokens: 3 * 4 });
    expect(run.result.plan).toMatchObject({ strategy: "best_of_n", rejectBelow: 0.05 });
  });

  test("is as it was where nothing is weak, and where nothing is asked", async () => {
    const [rejecting, plain] = [await solve(request, []), await solve({ ...request, rejectBelow: 0 }, ALL)];
    const textsOf = ({ result }: Run) => result.candidates.map(({ text }) => text).toSorted();
    expect(textsOf(rejecting)).toEqual(textsOf(plain));
    expect(countsOf(plain)).toEqual([8]);
    expect(reasonsOf(plain)).toEqual([]);
  });

  test("has an answer even if all are weak: the best goes on alone", async () => {
    const run = await solve(request, ALL);
    expect(countsOf(run)).toEqual([8, 1, 1]);
    expect(run.result.candidates).toHaveLength(1);
    expect(run.result).toMatchObject({ answer: "0", confidence: expect.closeTo(0.04) });
    expect(run.result.warning).toMatch(/the verifier doubts the solution/);
  });
});

describe("searches", () => {
  test("beam: those that are believed take over the places of the others", async () => {
    const request = { strategy: "beam", n: 8, beamWidth: 2, rejectBelow: 0.05 } as const;
    const run = await solve(request, [0, 1, 2, 3, 4, 5]);
    // Four of eight would be kept; two are left.
    expect(countsOf(run)).toEqual([8, 4, 4, 2, 2, 2, 2]);
    expect(reasonsOf(run).filter((reason) => reason === "weak")).toHaveLength(6);
    expect(run.result.candidates).toHaveLength(8);
  });

  test.each(["beam", "early_rejection", "rebase", "particle_filtering"] as const)(
    "%s: where none is believed in, one goes on",
    async (strategy) => {
      const run = await solve({ strategy, n: 8, rejectBelow: 0.05 }, ALL);
      expect(countsOf(run)).toEqual([8, 1, 1]);
      expect(run.result.candidates).toHaveLength(1);
    },
  );

  test("dvts: each subtree for itself", async () => {
    const run = await solve({ strategy: "dvts", n: 8, beamWidth: 4, rejectBelow: 0.05 }, [0, 1, 2, 3]);
    const bySubtree = (subtree: number) =>
      run.result.candidates.filter((candidate) => candidate.subtree === subtree);
    expect(bySubtree(1)).toHaveLength(1);
    expect(bySubtree(2)).toHaveLength(4);
  });

  test("one that goes on alone and convinces has its places back", async () => {
    const policy = scriptedPolicy(script);
    const scorer = toyScorer((text) => (text.split(".").length < 2 ? 0.04 : 0.6));
    await runSearch({ policy, scorer }, { strategy: "rebase", n: 8, rejectBelow: 0.05 });
    expect(policy.grows.map(({ count }) => count)).toEqual([8, 1, 8]);
  });
});

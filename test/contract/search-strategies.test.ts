/** What sets the strategies apart. */
import { describe, expect, test } from "vitest";
import { search } from "#verifier/search/search.js";
import type { SearchRequest } from "#verifier/search/types.js";
import { manualClock } from "../fakes/manual-clock.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { eventsOf, runSearch } from "../fakes/search-run.js";
import { toyScorer } from "../fakes/toy-scorer.js";

/** Every step names its own child index; after `depth` steps an answer that is the last index. */
const counting =
  (depth: number): Script =>
  (place, texts) =>
    texts.length < depth ? { text: `${place.at(-1)}|` } : { text: `#### ${place.at(-1)}`, finish: "eos" };
const score = (text: string): number => 0.1 + 0.8 * (Number(/\d+/.exec(text)?.[0] ?? 0) / 64);

describe("beam", () => {
  test("samples N per round and keeps N / M, each sampled M times", async () => {
    const policy = scriptedPolicy(counting(2));
    const { result } = await runSearch(
      { policy, scorer: toyScorer(score) },
      { strategy: "beam", n: 8, beamWidth: 4 },
    );
    const shape = policy.grows.map(({ nodeId, count }) => [nodeId === 0, count]);
    expect(shape).toEqual([
      [true, 8],
      [false, 4],
      [false, 4],
      [false, 4],
      [false, 4],
    ]);
    expect(result.candidates).toHaveLength(8);
  });

  test("goes on from the best-scored paths", async () => {
    const { events } = await runSearch(
      { policy: scriptedPolicy(counting(1)), scorer: toyScorer(score) },
      { strategy: "beam", n: 8, beamWidth: 4 },
    );
    const added = eventsOf(events, "node_added");
    const parents = new Set(added.filter(({ depth }) => depth === 2).map(({ parentId }) => parentId));
    const texts = [...parents].map((id) => added.find(({ nodeId }) => nodeId === id)!.text);
    expect(texts.sort()).toEqual(["6|", "7|"]);
    expect(eventsOf(events, "node_pruned").map(({ reason }) => reason)).toEqual(Array(6).fill("outscored"));
  });

  test("gives the slots of finished candidates to nobody", async () => {
    // Of the first eight, five finish at once.
    const script: Script = (place) =>
      place.length === 1 && place[0]! >= 3
        ? { text: `${place[0]} #### 1`, finish: "eos" }
        : place.length === 1
          ? { text: `${place[0]}|` }
          : { text: "#### 2", finish: "eos" };
    const policy = scriptedPolicy(script);
    const { result } = await runSearch(
      { policy, scorer: toyScorer(score) },
      { strategy: "beam", n: 8, beamWidth: 4 },
    );
    expect(policy.grows.map(({ count }) => count)).toEqual([8, 3]);
    expect(result.candidates).toHaveLength(8);
  });

  test("expands equal candidates once, with the children of all of them that are kept", async () => {
    const script: Script = (place) =>
      place.length === 1
        ? { text: place[0]! < 6 ? `same${" ".repeat(place[0]!)}\n` : `other ${place[0]}\n` }
        : { text: "#### 1", finish: "eos" };
    const policy = scriptedPolicy(script);
    const scores = (text: string): number => (text.startsWith("same") ? 0.9 : 0.2);
    const { events } = await runSearch(
      { policy, scorer: toyScorer(scores) },
      { strategy: "beam", n: 8, beamWidth: 4 },
    );
    const reasons = eventsOf(events, "node_pruned").map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === "duplicate")).toHaveLength(5);
    // Both of the two best candidates say the same.
    expect(policy.grows.slice(1).map(({ nodeId, count }) => [nodeId, count])).toEqual([[1, 8]]);
  });

  test("prunes losers, and whole branches once nothing below them is left", async () => {
    const policy = scriptedPolicy(counting(2));
    await runSearch({ policy, scorer: toyScorer(score) }, { strategy: "beam", n: 4, beamWidth: 2 });
    // Round 1 keeps two of four first steps; the others go.
    expect(new Set(policy.pruned.slice(0, 2))).toEqual(new Set([1, 2]));
  });

  test("breaks ties towards the lower node id", async () => {
    const { events } = await runSearch(
      { policy: scriptedPolicy(counting(1)), scorer: toyScorer(() => 0.5) },
      { strategy: "beam", n: 4, beamWidth: 2 },
    );
    const parents = eventsOf(events, "node_added").filter(({ depth }) => depth === 2);
    expect(new Set(parents.map(({ parentId }) => parentId))).toEqual(new Set([1, 2]));
  });

  test("ranks by the aggregation that was asked for", async () => {
    // Round 1 keeps 0 and 1; in round 2 one child of each finishes, so one of 00 and 10 goes on.
    const script: Script = (place) =>
      place.length < 3 && (place.length < 2 || place[1] === 0)
        ? { text: `${place.join("")} ` }
        : { text: "#### 1", finish: "eos" };
    const known: Readonly<Record<string, number>> = {
      "0": 0.9,
      "1": 0.4,
      "2": 0.1,
      "3": 0.1,
      "00": 0.5,
      "10": 0.6,
    };
    const survivor = async (aggregation: "last" | "min" | "mean" | "prod"): Promise<string> => {
      const request = { strategy: "beam", n: 4, beamWidth: 2, aggregation } as const;
      const scorer = toyScorer((text) => known[text.trim()] ?? 0.5);
      const { events } = await runSearch({ policy: scriptedPolicy(script), scorer }, request);
      const added = eventsOf(events, "node_added");
      const last = added.find(({ depth }) => depth === 3)!;
      return added.find(({ nodeId }) => nodeId === last.parentId)!.text.trim();
    };
    expect(await survivor("last")).toBe("10");
    expect(await survivor("min")).toBe("00");
    expect(await survivor("mean")).toBe("00");
    expect(await survivor("prod")).toBe("00");
  });
});

describe("dvts", () => {
  const request = { strategy: "dvts", n: 8, beamWidth: 4 } as const;

  test("grows n / M subtrees of M and keeps one path in each", async () => {
    const policy = scriptedPolicy(counting(2));
    const { events, result } = await runSearch({ policy, scorer: toyScorer(score) }, request);
    expect(policy.grows.map(({ count }) => count)).toEqual([4, 4, 4, 4, 4, 4]);
    expect(result.candidates).toHaveLength(8);
    const subtree = new Map(eventsOf(events, "node_added").map((event) => [event.nodeId, event.subtree]));
    expect(new Set(subtree.values())).toEqual(new Set([1, 2]));
    for (const { nodeId, parentId } of eventsOf(events, "node_added"))
      if (parentId !== 0) expect(subtree.get(nodeId)).toBe(subtree.get(parentId));
  });

  test("keeps its subtrees independent: what one contains changes nothing in another", async () => {
    const subtreeOne = async (others: number): Promise<string[]> => {
      const script: Script = (place, texts) =>
        place[0]! < 4
          ? counting(2)(place, texts)
          : { text: `${others} #### 9`, finish: "eos", tokens: others };
      const { events } = await runSearch(
        { policy: scriptedPolicy(script), scorer: toyScorer(score) },
        request,
      );
      return eventsOf(events, "node_added")
        .filter(({ subtree }) => subtree === 1)
        .map(({ text }) => text);
    };
    expect(await subtreeOne(1)).toEqual(await subtreeOne(15));
  });

  test("never lets one subtree wait for another", async () => {
    const script: Script = (place, texts) => ({
      ...counting(3)(place, texts),
      tokens: place[0]! < 4 ? 500 : 1,
    });
    const { events } = await runSearch({ policy: scriptedPolicy(script), scorer: toyScorer(score) }, request);
    const order = eventsOf(events, "node_added").map(({ subtree }) => subtree);
    expect(order.indexOf(1)).toBeGreaterThan(order.lastIndexOf(2));
  });

  test("votes across subtrees", async () => {
    // Subtree 1 ends in 7 with better scores, subtrees 2 and 3 in 8.
    const script: Script = (place) => ({ text: `#### ${place[0]! < 4 ? 7 : 8}`, finish: "eos" });
    const { result } = await runSearch(
      { policy: scriptedPolicy(script), scorer: toyScorer((text) => (text.includes("7") ? 0.6 : 0.4)) },
      { ...request, n: 12 },
    );
    expect(result.answer).toBe("8");
    expect(result.votes.map(({ answer, count }) => [answer, count])).toEqual([
      ["8", 8],
      ["7", 4],
    ]);
  });
});

describe("best of n", () => {
  test("scores steps while later ones are generated", async () => {
    const { events } = await runSearch(
      { policy: scriptedPolicy(counting(6)), scorer: toyScorer(score) },
      { strategy: "best_of_n", n: 4 },
    );
    const types = events.map(({ type }) => type);
    expect(types.indexOf("node_scored")).toBeLessThan(types.lastIndexOf("node_added"));
  });

  test("scores all waiting steps in one call", async () => {
    const scorer = toyScorer(score);
    await runSearch({ policy: scriptedPolicy(counting(3)), scorer }, { strategy: "best_of_n", n: 16 });
    expect(Math.max(...scorer.calls.map((steps) => steps.length))).toBeGreaterThan(8);
  });

  test("asks for whole solutions in one grow", async () => {
    const policy = scriptedPolicy(counting(3));
    await runSearch({ policy, scorer: toyScorer(score) }, { strategy: "best_of_n", n: 16 });
    expect(policy.grows).toMatchObject([{ nodeId: 0, count: 16, until: "end" }]);
  });

  test("starts no more solutions than the budget is expected to pay for", async () => {
    // 4 tokens a solution; nothing is known of that at first.
    const policy = scriptedPolicy(counting(3));
    const { result } = await runSearch(
      { policy, scorer: toyScorer(score) },
      { strategy: "best_of_n", n: 64 },
      { generatedTokens: 100 },
    );
    expect(result.candidates).toHaveLength(25);
    expect(result.usage.generatedTokens).toBe(100);
    expect(result.stopReason).toBe("budget");
  });
});

describe("early rejection", () => {
  const request = { strategy: "early_rejection", n: 16 } as const;

  test("halves what has not finished after each round, down to a quarter, one child each", async () => {
    const policy = scriptedPolicy(counting(4));
    const { events, result } = await runSearch({ policy, scorer: toyScorer(score) }, request);
    const added = eventsOf(events, "node_added");
    const rows = [1, 2, 3, 4, 5].map((level) => added.filter(({ depth }) => depth === level).length);
    expect(rows).toEqual([16, 8, 4, 4, 4]);
    for (const { nodeId, count } of policy.grows) expect(count).toBe(nodeId === 0 ? 16 : 1);
    expect(result.candidates).toHaveLength(4);
    expect(eventsOf(events, "node_pruned").map(({ reason }) => reason)).toEqual(Array(12).fill("outscored"));
  });

  test("the best-scored go on, whatever the order in which they came", async () => {
    const { events } = await runSearch(
      { policy: scriptedPolicy(counting(1)), scorer: toyScorer(score) },
      { ...request, n: 8 },
    );
    const added = eventsOf(events, "node_added");
    const parents = added.filter(({ depth }) => depth === 2).map(({ parentId }) => parentId);
    const texts = parents.map((id) => added.find(({ nodeId }) => nodeId === id)!.text);
    expect(texts.sort()).toEqual(["4|", "5|", "6|", "7|"]);
  });

  test("finished candidates stay and vote, and the others are halved among themselves", async () => {
    // Half of 16 finish at once; of the other 8 four go on, which is a quarter of 16.
    const script: Script = (place, texts) =>
      place[0]! % 2 === 0
        ? { text: `${place[0]} #### 1`, finish: "eos" }
        : texts.length === 0
          ? { text: `${place[0]}|` }
          : { text: "#### 2", finish: "eos" };
    const { result } = await runSearch({ policy: scriptedPolicy(script), scorer: toyScorer(score) }, request);
    expect(Object.fromEntries(result.votes.map(({ answer, count }) => [answer, count]))).toEqual({
      "1": 8,
      "2": 4,
    });
  });

  test("costs less than Best-of-N and keeps the candidate that the scores prefer throughout", async () => {
    const cost = async (strategy: "best_of_n" | "early_rejection") => {
      const ports = { policy: scriptedPolicy(counting(6)), scorer: toyScorer(score) };
      return (await runSearch(ports, { strategy, n: 16, vote: "max" })).result;
    };
    const [all, some] = [await cost("best_of_n"), await cost("early_rejection")];
    expect(some.usage.generatedTokens).toBeLessThan(all.usage.generatedTokens / 2);
    expect(some.usage.cancelledTokens).toBe(0);
  });

  test("equal texts are one path with a child for each that is kept", async () => {
    const script: Script = (place, texts) =>
      texts.length === 0 ? { text: `same${" ".repeat(place[0]!)}` } : { text: "#### 1", finish: "eos" };
    const policy = scriptedPolicy(script);
    await runSearch({ policy, scorer: toyScorer(() => 0.5) }, request);
    expect(policy.grows.map(({ count }) => count)).toEqual([16, 8]);
  });
});

/** Children of each first step, in the order of the first steps. */
async function childrenOf(
  scores: readonly number[],
  request: Omit<SearchRequest, "n">,
  script: Script = counting(1),
): Promise<number[]> {
  const scorer = toyScorer((text) => scores[Number(/\d+/.exec(text)![0])] ?? 0.5);
  const policy = scriptedPolicy(script);
  await runSearch({ policy, scorer }, { ...request, n: scores.length });
  const second = policy.grows.filter(({ nodeId }) => nodeId > 0 && nodeId <= scores.length);
  return scores.map((_, i) => second.find(({ nodeId }) => nodeId === i + 1)?.count ?? 0);
}

describe("rebase", () => {
  const request = { strategy: "rebase" } as const;

  test("deals a round's children out by the softmax of the scores", async () => {
    // 8 * softmax(scores / .1): 3.65, 2.45, 1.34, .49, .04, .02, .00, .00 add up to 8; the floors leave 2.
    const scores = [0.9, 0.86, 0.8, 0.7, 0.44, 0.4, 0.1, 0.1];
    expect(await childrenOf(scores, request)).toEqual([4, 2, 1, 1, 0, 0, 0, 0]);
  });

  test("equal scores give every candidate one child", async () => {
    expect(await childrenOf(Array(8).fill(0.3), request)).toEqual(Array(8).fill(1));
  });

  test("gives the slots of finished candidates to nobody", async () => {
    const script: Script = (place, texts) =>
      texts.length === 0 && place[0]! < 5
        ? { text: `${place[0]}|` }
        : { text: `${place[0]} #### 1`, finish: "eos" };
    const policy = scriptedPolicy(script);
    const { result } = await runSearch(
      { policy, scorer: toyScorer((text) => (text === "4|" ? 0.9 : 0.1)) },
      { ...request, n: 8 },
    );
    expect(policy.grows.map(({ nodeId, count }) => [nodeId, count])).toEqual([
      [0, 8],
      [5, 5],
    ]);
    expect(result.candidates).toHaveLength(8);
  });

  test("equal texts are one path that carries the weight of all its copies", async () => {
    // Six of eight say the same: 8 * 6 / 8 children for it, though nothing scores better than anything else.
    const script: Script = (place, texts) =>
      texts.length > 0
        ? { text: "#### 1", finish: "eos" }
        : { text: place[0]! < 6 ? `0${" ".repeat(place[0]!)}` : `${place[0]}` };
    expect(await childrenOf(Array(8).fill(0.5), request, script)).toEqual([6, 0, 0, 0, 0, 0, 1, 1]);
  });
});

describe("particle filtering", () => {
  const request = { strategy: "particle_filtering", seed: 1 } as const;
  const favourite = [0.99, ...Array<number>(7).fill(0.5)];

  test("draws in proportion to the odds, softened while the solution is young", async () => {
    // Odds 99 and 7 times 1: ESS 106^2 / 9808 = 1.146 of 8, T = 7/8 * 8 / 1.146 = 6.11, 99^(1/T) = 2.12 of 9.12.
    for (let seed = 0; seed < 20; seed++) {
      const [best, ...others] = await childrenOf(favourite, { ...request, seed });
      expect([1, 2]).toContain(best);
      for (const count of others) expect([0, 1]).toContain(count);
    }
  });

  test("takes the odds as they are once a particle has finished, which keeps its slot", async () => {
    const script: Script = (place, texts) =>
      texts.length === 0 && place[0]! < 7 ? { text: `${place[0]}|` } : { text: `7 #### 1`, finish: "eos" };
    for (let seed = 0; seed < 20; seed++) {
      const children = await childrenOf(favourite, { ...request, seed }, script);
      // 7 * 99 / 105 = 6.6.
      expect([6, 7]).toContain(children[0]);
      expect(children.reduce((sum, count) => sum + count, 0)).toBe(7);
    }
  });

  test("equal texts are particles of one path", async () => {
    const script: Script = (place, texts) =>
      texts.length > 0
        ? { text: "#### 1", finish: "eos" }
        : { text: place[0]! < 6 ? `0${" ".repeat(place[0]!)}` : `${place[0]}` };
    expect(await childrenOf(Array(8).fill(0.5), request, script)).toEqual([6, 0, 0, 0, 0, 0, 1, 1]);
  });

  test("fused scores weigh as they do in the vote", async () => {
    const scorer = toyScorer(() => 0.5, {
      name: "rank",
      pair: (text) => ({ swift: Number(/\d+/.exec(text)![0]), prm: Number(/\d+/.exec(text)![0]) / 10 }),
    });
    for (let seed = 0; seed < 10; seed++) {
      const policy = scriptedPolicy(counting(1));
      await runSearch({ policy, scorer }, { ...request, n: 4, seed });
      // 4 * 1 / (1 + .75 + .5 + .25); its odds, which are infinite, would take all.
      expect([1, 2]).toContain(policy.grows.find(({ nodeId }) => nodeId === 4)!.count);
    }
  });

  test("the same seed gives the same tree, another one another", async () => {
    const script: Script = (place, texts) =>
      texts.length < 4 ? { text: `${place.at(-1)}|` } : { text: "#### 1", finish: "eos" };
    const tree = async (seed?: number) => {
      const ports = { policy: scriptedPolicy(script), scorer: toyScorer((text) => score(text) + 0.1) };
      const { events } = await runSearch(ports, {
        strategy: "particle_filtering",
        n: 16,
        ...(seed !== undefined && { seed }),
      });
      return eventsOf(events, "node_added").map(({ nodeId, parentId }) => [nodeId, parentId]);
    };
    expect(await tree(7)).toEqual(await tree(7));
    expect(await tree()).toEqual(await tree(0));
    expect(await tree(7)).not.toEqual(await tree(8));
  });
});

describe("fusion", () => {
  // SWIFT prefers high child indices, the PRM low ones but 2 most of all.
  const pair = (text: string) => {
    const index = Number(/\d+/.exec(text)![0]);
    return { swift: index, prm: index === 2 ? 0.9 : 0.5 - index / 100 };
  };
  const survivors = async (name: "swift" | "rank" | "scaled", strategy: "beam" | "dvts") => {
    const scorer = toyScorer((text) => 0.1 + pair(text).swift / 100, { name, pair });
    const ports = { policy: scriptedPolicy(counting(1)), scorer };
    const { events } = await runSearch(ports, { strategy, n: strategy === "beam" ? 4 : 8, beamWidth: 4 });
    const added = eventsOf(events, "node_added");
    const parents = added.filter(({ depth }) => depth === 2).map(({ parentId }) => parentId);
    return [...new Set(parents)].map((id) => added.find(({ nodeId }) => nodeId === id)!.text);
  };

  test("a beam keeps what both prefer", async () => {
    expect(await survivors("swift", "beam")).toEqual(["3|"]);
    // Ranks 3 2 1 0 and 1 2 0 3, the worse ones 3 2 1 3; scaled means .08 .20 .83 .5.
    expect(await survivors("rank", "beam")).toEqual(["2|"]);
    expect(await survivors("scaled", "beam")).toEqual(["2|"]);
  });

  test("DVTS compares within a subtree", async () => {
    // In the second subtree, 4 to 7: ranks 3 2 1 0 and 0 1 2 3, the worse ones 3 2 2 3, and the lower node first.
    expect((await survivors("rank", "dvts")).sort()).toEqual(["2|", "5|"]);
  });

  test("candidates tell both scores and their standing; the belief stays absolute", async () => {
    const scorer = toyScorer(() => 0.25, { name: "rank", pair });
    const script: Script = (place) => ({ text: `${place[0]} #### ${place[0]}`, finish: "eos" });
    const { events, result } = await runSearch(
      { policy: scriptedPolicy(script), scorer },
      { strategy: "best_of_n", n: 4, vote: "max" },
    );
    expect(result.answer).toBe("2");
    expect(result.candidates.map(({ score: standing }) => standing)).toEqual([0.75, 0.5, 0.25, 0.25]);
    expect(result.candidates[0]).toMatchObject({ belief: 0.25, swiftScore: 2, prmScore: 0.9 });
    expect(result.confidence).toBeLessThanOrEqual(0.25);
    expect(result.warning).toMatch(/verifier doubts the solution \(score 0\.25\)/);
    expect(eventsOf(events, "node_scored")[0]).toMatchObject({ score: 0.25, swift: 0, prm: 0.5 });
  });

  test("a closing token without words counts where the scorer reads it", async () => {
    const script: Script = (_place, texts) =>
      texts.length === 0 ? { text: "#### 7\n" } : { text: "", finish: "eos" };
    const scoreOf = async (readsBareEnds: boolean) => {
      const scorer = toyScorer((text) => (text === "" ? 0.75 : 0.25));
      const ports = { policy: scriptedPolicy(script), scorer: { ...scorer, readsBareEnds } };
      const { result } = await runSearch(ports, { strategy: "best_of_n", n: 1 });
      return result.candidates[0]!.score;
    };
    expect(await scoreOf(false)).toBe(0.25);
    expect(await scoreOf(true)).toBe(0.75);
  });
});

describe("majority and greedy", () => {
  test("majority reads nothing with the verifier", async () => {
    const scorer = toyScorer(score);
    const { result } = await runSearch(
      { policy: scriptedPolicy(counting(1)), scorer },
      { strategy: "majority", n: 4 },
    );
    expect(scorer.calls).toEqual([]);
    expect(result.usage.verifierTokens).toBe(0);
    expect(result.candidates[0]!.score).toBeUndefined();
  });

  test("greedy takes one solution at temperature 0", async () => {
    const policy = scriptedPolicy(counting(1));
    const { result } = await runSearch({ policy, scorer: toyScorer(score) }, { strategy: "greedy", seed: 3 });
    expect(policy.opened[0]).toMatchObject({ sampling: { temperature: 0 }, seed: 3 });
    expect(result.candidates).toHaveLength(1);
  });
});

test("a verifier that cannot read the problem ends the search with its own words, and everything is closed", async () => {
  const policy = scriptedPolicy(counting(1));
  const scorer = toyScorer(score);
  const unable = {
    ...scorer,
    open: async (problem: string, signal: AbortSignal) => ({
      ...(await scorer.open(problem, signal)),
      begin: () => Promise.reject(new Error("must fit the PRM's context")),
    }),
  };
  const run = runSearch({ policy, scorer: unable }, { strategy: "best_of_n", n: 2 });
  await expect(run).rejects.toThrow("must fit the PRM's context");
  expect([policy.sessionsOpen, scorer.sessionsOpen, policy.grows]).toEqual([0, 0, []]);
  // What nobody reads does not need it.
  const counted = await runSearch({ policy, scorer: unable }, { strategy: "majority", n: 2 });
  expect(counted.result.candidates).toHaveLength(2);
});

describe("the consumer", () => {
  test("may stop iterating at any point; everything is closed", async () => {
    for (let stopAfter = 1; stopAfter < 40; stopAfter += 3) {
      const policy = scriptedPolicy(counting(4));
      const scorer = toyScorer(score);
      const ports = { policy, scorer, clock: manualClock() };
      let seen = 0;
      const signal = new AbortController().signal;
      for await (const _ of search("q", ports, { strategy: "beam", n: 8 }, { wallTimeMs: 1000 }, signal))
        if (++seen === stopAfter) break;
      expect([policy.sessionsOpen, scorer.sessionsOpen]).toEqual([0, 0]);
    }
  });

  test("may be slow without losing anything", async () => {
    const policy = scriptedPolicy(counting(3));
    const ports = { policy, scorer: toyScorer(score), clock: manualClock() };
    const steps = search("q", ports, { strategy: "best_of_n", n: 8 }, {}, new AbortController().signal);
    for (;;) {
      const next = await steps.next();
      if (next.done === true) {
        expect(next.value.candidates).toHaveLength(8);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
});

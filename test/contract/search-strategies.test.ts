/** What sets the strategies apart. */
import { describe, expect, test } from "vitest";
import { search } from "#verifier/search/search.js";
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

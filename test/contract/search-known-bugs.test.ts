/** Bugs that were found in other implementations of these searches; one test each, so that they are not made again. */
import { describe, expect, test } from "vitest";
import { search } from "#verifier/search/search.js";
import { strategies } from "#verifier/search/strategies.js";
import type { StrategyName } from "#verifier/search/types.js";
import { manualClock } from "../fakes/manual-clock.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { eventsOf, runSearch } from "../fakes/search-run.js";
import { toyScorer } from "../fakes/toy-scorer.js";

const ALL = Object.keys(strategies) as StrategyName[];
const half = toyScorerOf(0.5);

function toyScorerOf(score: number) {
  return () => toyScorer(() => score);
}

/** Two steps and an answer that is the first child index. */
const plain: Script = (place, texts) =>
  texts.length < 2
    ? { text: `s${place.at(-1)}\n`, tokens: 3 }
    : { text: `#### ${place[0]}`, finish: "eos", tokens: 2 };

describe("search-and-learn", () => {
  test("DVTS lets unfinished siblings vote through the last number of their text", async () => {
    const script: Script = (place) =>
      place.at(-1)! % 4 === 0
        ? { text: "#### 5", finish: "eos" }
        : { text: `7 apples make 7 `, finish: "length" };
    const { result } = await runSearch(
      { policy: scriptedPolicy(script), scorer: toyScorer((text) => (text.includes("7") ? 0.99 : 0.3)) },
      { strategy: "dvts", n: 8, beamWidth: 4 },
    );
    expect(result.votes.map(({ answer }) => answer)).toEqual(["5"]);
  });

  test("the final score is always the last one, whatever aggregation is set", async () => {
    const scores = (text: string): number =>
      ({ "s0\n": 0.2, "s1\n": 0.8 })[text] ?? (text === "#### 0" ? 0.9 : 0.7);
    const script: Script = (place, texts) =>
      texts.length === 0 ? { text: `s${place[0]}\n` } : { text: `#### ${place[0]}`, finish: "eos" };
    const answer = async (aggregation: "last" | "min"): Promise<string> => {
      const request = { strategy: "best_of_n", n: 2, aggregation } as const;
      return (await runSearch({ policy: scriptedPolicy(script), scorer: toyScorer(scores) }, request)).result
        .answer;
    };
    expect(await answer("last")).toBe("0");
    expect(await answer("min")).toBe("1");
  });

  test.each(ALL)("a step cut by the token limit counts as finished (%s)", async (strategy) => {
    const script: Script = () => ({ text: "so the answer is 12", finish: "length" });
    const { result } = await runSearch({ policy: scriptedPolicy(script), scorer: half() }, { strategy });
    expect(result.candidates).toEqual([]);
    expect(result.answer).toBe("");
  });

  test.each(ALL)("tokens of a search are never counted (%s)", async (strategy) => {
    const policy = scriptedPolicy(plain);
    const { result } = await runSearch({ policy, scorer: half() }, { strategy });
    expect(result.usage.generatedTokens).toBe(policy.generatedTokens);
    expect(result.usage.keptTokens).toBeGreaterThan(0);
    expect(result.usage.flops).toBeGreaterThan(0);
  });

  test("beam keeps the first n to finish, which favours short solutions", async () => {
    // Short solutions say 1 with a poor score, long ones 2 with a good one.
    const script: Script = (place, texts) =>
      place[0]! < 4
        ? { text: "#### 1", finish: "eos" }
        : texts.length < 4
          ? { text: `${place.join("")} ` }
          : { text: "#### 2", finish: "eos" };
    const { result } = await runSearch(
      { policy: scriptedPolicy(script), scorer: toyScorer((text) => (text.includes("#### 1") ? 0.2 : 0.9)) },
      { strategy: "beam", n: 8, beamWidth: 4 },
    );
    expect(result.answer).toBe("2");
    expect(result.candidates).toHaveLength(8);
  });

  test.each(ALL)("an empty last step is scored and its score decides (%s)", async (strategy) => {
    const script: Script = (place, texts) =>
      texts.length < 1 ? { text: `#### ${place[0]}\n` } : { text: "", finish: "eos" };
    const scorer = toyScorer((text) => (text === "" ? 0.01 : 0.8));
    const { result } = await runSearch({ policy: scriptedPolicy(script), scorer }, { strategy });
    expect(scorer.calls.flat().every(({ text }) => text !== "")).toBe(true);
    if (strategy !== "majority") expect(result.candidates.map(({ score }) => score)).not.toContain(0.01);
    expect(result.candidates.length).toBeGreaterThan(0);
    expect(result.answer).not.toBe("");
  });

  test.each(ALL)(
    "tokens are limited by step alone, so that a solution outgrows the context (%s)",
    async (strategy) => {
      const policy = scriptedPolicy(() => ({ text: "word ", tokens: 3 }));
      const { events } = await runSearch({ policy, scorer: half() }, { strategy, maxSolutionTokens: 20 });
      const tokens = new Map<number, number>([[0, 0]]);
      for (const { nodeId, parentId, tokenCount } of eventsOf(events, "node_added"))
        tokens.set(nodeId, tokens.get(parentId)! + tokenCount);
      expect(Math.max(...tokens.values())).toBeLessThanOrEqual(20);
    },
  );

  test("a candidate that rambles fills a long context unless the caller thought of a limit", async () => {
    const policy = scriptedPolicy(() => ({ text: "word ", tokens: 100 }), { contextLength: 100_000 });
    const { events } = await runSearch({ policy, scorer: half() }, { strategy: "majority", n: 1 });
    const tokens = eventsOf(events, "node_added").reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    expect(tokens).toBeGreaterThan(1500);
    expect(tokens).toBeLessThanOrEqual(2048 + 100);
  });

  test("searches of the same problem share one pool", async () => {
    const run = (answer: number) => {
      const script: Script = (place, texts) => ({
        ...plain(place, texts),
        ...(texts.length === 2 && { text: `#### ${answer}` }),
      });
      return runSearch({ policy: scriptedPolicy(script), scorer: half() }, { strategy: "beam", n: 8 });
    };
    const both = await Promise.all([run(1), run(2)]);
    expect(both.map(({ result }) => [result.answer, result.votes.length])).toEqual([
      ["1", 1],
      ["2", 1],
    ]);
  });

  test.each(ALL)("a prefix that is sent back differs from what was generated (%s)", async (strategy) => {
    const script: Script = (_place, texts) =>
      texts.length < 2 ? { text: " \n\n spaced  out \n" } : { text: "\t#### 3 ", finish: "stop" };
    const { result } = await runSearch({ policy: scriptedPolicy(script), scorer: half() }, { strategy });
    expect(result.solution).toBe(" \n\n spaced  out \n \n\n spaced  out \n\t#### 3 ");
  });
});

describe("compute-optimal-tts", () => {
  test.each(["best_of_n", "beam", "dvts"] as const)(
    "a missing score becomes 0 and kills a good path (%s)",
    async (strategy) => {
      const scorer = toyScorer(() => 0.5);
      const open = scorer.open;
      const short = {
        ...scorer,
        open: async (problem: string, signal: AbortSignal) => {
          const session = await open(problem, signal);
          return { ...session, score: async () => [] };
        },
      };
      const policy = scriptedPolicy(plain);
      await expect(runSearch({ policy, scorer: short }, { strategy })).rejects.toMatchObject({
        code: "internal",
      });
      expect([policy.sessionsOpen, scorer.sessionsOpen]).toEqual([0, 0]);
    },
  );

  test("an error of the verifier is imputed", async () => {
    const scorer = toyScorer(() => Number.NaN);
    const run = runSearch({ policy: scriptedPolicy(plain), scorer }, { strategy: "beam", n: 4 });
    await expect(run).rejects.toThrow(/step score/);
  });
});

describe("openr", () => {
  test.each(["beam", "dvts"] as const)("with one candidate every child is dropped (%s)", async (strategy) => {
    const { result } = await runSearch(
      { policy: scriptedPolicy(plain), scorer: half() },
      { strategy, n: 1, beamWidth: 1 },
    );
    expect(result.candidates).toHaveLength(1);
  });

  test("siblings that are fewer than asked for end the search", async () => {
    const policy = scriptedPolicy(plain);
    const open = policy.open;
    const stingy = {
      ...policy,
      open: async (...args: Parameters<typeof open>) => {
        const session = await open(...args);
        return {
          ...session,
          grow: (request: Parameters<typeof session.grow>[0]) =>
            session.grow({ ...request, count: Math.max(1, request.count - 1) }),
        };
      },
    };
    const { result } = await runSearch(
      { policy: stingy, scorer: half() },
      { strategy: "beam", n: 8, beamWidth: 4 },
      { generatedTokens: 1000 },
    );
    expect(result.stopReason).toBe("finished");
    expect(result.candidates.length).toBeGreaterThan(0);
  });
});

describe("its_hub", () => {
  test.each(ALL)("a finished path is prompted again (%s)", async (strategy) => {
    const { events } = await runSearch({ policy: scriptedPolicy(plain), scorer: half() }, { strategy });
    const added = eventsOf(events, "node_added");
    const finished = new Set(
      added.filter(({ finishReason }) => finishReason === "eos").map(({ nodeId }) => nodeId),
    );
    expect(added.some(({ parentId }) => finished.has(parentId))).toBe(false);
  });

  test("one request's sampling leaks into the next", async () => {
    const policy = scriptedPolicy(plain);
    const scorer = half();
    await runSearch(
      { policy, scorer },
      { strategy: "best_of_n", n: 2, sampling: { temperature: 1.3, topK: 5 } },
    );
    await runSearch({ policy, scorer }, { strategy: "best_of_n", n: 2 });
    expect(policy.opened[1]!.sampling).toEqual({ temperature: 0.8 });
  });
});

describe("optillm", () => {
  test("nothing is streamed until everything has ended", async () => {
    const policy = scriptedPolicy(plain);
    const ports = { policy, scorer: half(), clock: manualClock() };
    const events = search("q", ports, { strategy: "best_of_n", n: 4 }, {}, new AbortController().signal);
    for await (const event of events) if (event.type === "node_added") break;
    // Seven tokens a solution; the first step came when few had been generated.
    expect(policy.generatedTokens).toBeLessThan(4 * 8 - 4);
  });
});

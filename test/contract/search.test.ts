/** What every search strategy promises, whatever it does inside. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import type { SearchRequest } from "#verifier/search/types.js";
import { manualClock } from "../fakes/manual-clock.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { eventsOf, type Run, runSearch } from "../fakes/search-run.js";
import { type ToyScorer, toyScorer } from "../fakes/toy-scorer.js";

const REQUESTS: readonly SearchRequest[] = [
  { strategy: "greedy" },
  { strategy: "majority", n: 8 },
  { strategy: "best_of_n", n: 8 },
  { strategy: "beam", n: 8, beamWidth: 4 },
  { strategy: "dvts", n: 8, beamWidth: 4 },
  { strategy: "early_rejection", n: 8 },
  { strategy: "rebase", n: 8 },
  { strategy: "particle_filtering", n: 8, seed: 5 },
  { strategy: "auto", n: 16 },
];

interface Case {
  readonly title: string;
  readonly request: SearchRequest;
  readonly scorer: () => ToyScorer;
}

/** Every strategy by one reward model, and by both together. */
const CASES: readonly Case[] = REQUESTS.flatMap((request) =>
  (["prm", "rank", "scaled"] as const).map((name) => ({
    title: name === "prm" ? request.strategy : `${request.strategy} by ${name} fusion`,
    request,
    scorer: () => toyScorer(byText, { name, ...(name !== "prm" && { pair }) }),
  })),
);

/** Three steps, then an answer that depends on the path's first turn; one row in six runs into its limit. */
const honest: Script = (place, texts) =>
  texts.length < 3
    ? { text: `step ${place.at(-1)! % 3} at ${texts.length}\n`, tokens: 2 + (place.at(-1)! % 4) }
    : place.at(-1)! % 6 === 5
      ? { text: "and so on", finish: "length", tokens: 3 }
      : { text: `#### ${place[0]! % 2 === 0 ? 42 : 41}`, finish: "eos", tokens: 2 };

/** A tree drawn from a seed: any depth, any ending, any length, duplicates included. */
const random =
  (seed: number): Script =>
  (place) => {
    const rng = createRng(seed, ...place);
    const kind = rng.int(place.length < 2 ? 6 : 10);
    const tokens = 1 + rng.int(9);
    const text = `${rng.int(4)} `;
    if (kind < 6) return { text, tokens };
    if (kind === 6) return { text, tokens, finish: "length" };
    return { text: `${text} #### ${rng.int(3)}`, tokens, finish: kind === 7 ? "stop" : "eos" };
  };

function byText(text: string): number {
  return 0.05 + 0.9 * createRng("score", text).next();
}

/** Two models that agree by chance only. */
function pair(text: string) {
  return { swift: 8 * createRng("swift", text).next() - 4, prm: createRng("prm", text).next() };
}

function assertConsistent({ events, result }: Run, policy: ReturnType<typeof scriptedPolicy>): void {
  const added = new Map(eventsOf(events, "node_added").map((event) => [event.nodeId, event]));
  const { usage } = result;
  expect(usage.keptTokens + usage.prunedTokens + usage.cancelledTokens).toBe(usage.generatedTokens);
  expect(usage.generatedTokens).toBe(policy.generatedTokens);
  expect(usage.cancelledTokens).toBe(policy.cancelledTokens);
  expect(usage.keptTokens).toBeGreaterThanOrEqual(0);
  expect(policy.sessionsOpen).toBe(0);
  for (const { parentId } of added.values()) expect(parentId === 0 || added.has(parentId)).toBe(true);
  // Only finished candidates vote, and a solution is its steps, concatenated exactly.
  for (const candidate of result.candidates) {
    expect(["eos", "stop"]).toContain(added.get(candidate.nodeId)!.finishReason);
    let text = "";
    for (let id = candidate.nodeId; id !== 0; id = added.get(id)!.parentId) text = added.get(id)!.text + text;
    expect(candidate.text).toBe(text);
  }
  const voted = result.votes.reduce((sum, vote) => sum + vote.count, 0);
  expect(voted).toBeLessThanOrEqual(result.candidates.length);
  if (result.votes.length > 0) {
    expect(result.votes.reduce((sum, vote) => sum + vote.share, 0)).toBeCloseTo(1);
    expect(result.votes[0]!.answer).toBe(result.answer);
  }
  expect(result.confidence).toBeGreaterThanOrEqual(0);
  expect(result.confidence).toBeLessThanOrEqual(1);
  for (const { nodeId } of eventsOf(events, "node_pruned")) expect(added.has(nodeId)).toBe(true);
}

describe.each(CASES)("$title keeps the search contract", ({ request, scorer: makeScorer }) => {
  test("rejects at once when already aborted", async () => {
    const policy = scriptedPolicy(honest);
    const aborted = runSearch(
      { policy, scorer: makeScorer() },
      request,
      {},
      AbortSignal.abort(new Error("gone")),
    );
    await expect(aborted).rejects.toThrow("gone");
    expect(policy.opened).toEqual([]);
  });

  test("announces its plan first", async () => {
    const { events, result } = await runSearch(
      { policy: scriptedPolicy(honest), scorer: makeScorer() },
      request,
    );
    expect(events[0]!.type).toBe("plan_chosen");
    expect(result.plan).toEqual(eventsOf(events, "plan_chosen").at(-1)!.plan);
    expect(result.plan.reason).toMatch(/\.$/);
  });

  test("ends with an answer, its votes and its cost", async () => {
    const policy = scriptedPolicy(honest);
    const run = await runSearch({ policy, scorer: makeScorer() }, request);
    assertConsistent(run, policy);
    expect(run.result.answer).toMatch(/^4[12]$/);
    expect(run.result.solution).toContain(`#### ${run.result.answer}`);
    expect(["finished", "decided"]).toContain(run.result.stopReason);
    expect(run.result.candidates.length).toBeLessThanOrEqual(
      eventsOf(run.events, "plan_chosen").reduce((sum, { plan }) => sum + plan.n, 0),
    );
  });

  test("gives the same result for the same tree, however long its steps take", async () => {
    const at = (speed: number): Promise<Run> => {
      const script: Script = (place, texts) => {
        const step = honest(place, texts);
        return { ...step, tokens: 2 + ((speed * 7 + place.reduce((sum, i) => sum + i, 0) * speed) % 11) };
      };
      return runSearch({ policy: scriptedPolicy(script), scorer: makeScorer() }, request);
    };
    const [a, b] = [await at(1), await at(5)];
    expect(b.result.answer).toBe(a.result.answer);
    expect(b.result.confidence).toBeCloseTo(a.result.confidence, 12);
    expect(b.result.candidates.map(({ text }) => text).sort()).toEqual(
      a.result.candidates.map(({ text }) => text).sort(),
    );
  });

  test("repeats itself exactly", async () => {
    const once = (): Promise<Run> =>
      runSearch({ policy: scriptedPolicy(random(3)), scorer: makeScorer() }, request);
    expect(await once()).toEqual(await once());
  });

  test("never spends more than its budget and one step per running row", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 400 }),
        async (seed, tokens) => {
          const policy = scriptedPolicy(random(seed));
          const run = await runSearch({ policy, scorer: makeScorer() }, request, {
            generatedTokens: tokens,
          });
          assertConsistent(run, policy);
          // Steps are at most 9 tokens.
          expect(policy.generatedTokens).toBeLessThanOrEqual(tokens + 9 * policy.maxRows);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("takes a budget, or a limit of one solution, beyond the policy's context", async () => {
    const policy = scriptedPolicy(random(5), { contextLength: 64 });
    const ports = { policy, scorer: makeScorer() };
    const run = await runSearch(ports, { ...request, maxSolutionTokens: 1000 }, { generatedTokens: 20_000 });
    assertConsistent(run, policy);
    expect(run.result.stopReason).not.toBe("budget");
  });

  test("never reads more than its verifier budget", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 10, max: 300 }),
        async (seed, tokens) => {
          const policy = scriptedPolicy(random(seed));
          const scorer = makeScorer();
          const run = await runSearch({ policy, scorer }, request, { verifierTokens: tokens });
          assertConsistent(run, policy);
          expect(run.result.usage.verifierTokens).toBeLessThanOrEqual(tokens);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("holds on any tree", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
        const policy = scriptedPolicy(random(seed));
        assertConsistent(
          await runSearch({ policy, scorer: makeScorer() }, { ...request, maxDepth: 6 }),
          policy,
        );
      }),
      { numRuns: 25 },
    );
  });

  test("ends with the best so far when its time is up", async () => {
    const clock = manualClock();
    const policy = scriptedPolicy(honest, { onTick: () => clock.advance(10) });
    const run = await runSearch({ policy, scorer: makeScorer(), clock }, request, { wallTimeMs: 55 });
    expect(run.result.stopReason).toBe("deadline");
    expect(run.result.usage.wallMs).toBeLessThanOrEqual(80);
    expect(policy.sessionsOpen).toBe(0);
  });

  test("ends at the depth limit without an answer", async () => {
    const endless = scriptedPolicy(() => ({ text: "on and on #### 7\n" }));
    const { result } = await runSearch(
      { policy: endless, scorer: makeScorer() },
      { ...request, maxDepth: 4 },
    );
    expect(result.stopReason).toBe("depth");
    expect(result).toMatchObject({ answer: "", votes: [], candidates: [], confidence: 0 });
    expect(result.warning).toMatch(/No candidate finished/);
  });

  test("closes both sessions when aborted while it waits", async () => {
    const controller = new AbortController();
    let ticks = 0;
    const policy = scriptedPolicy(honest, {
      onTick: () => void (++ticks === 3 && controller.abort(new Error("client left"))),
    });
    const scorer = makeScorer();
    await expect(runSearch({ policy, scorer }, request, {}, controller.signal)).rejects.toThrow(
      "client left",
    );
    expect([policy.sessionsOpen, scorer.sessionsOpen]).toEqual([0, 0]);
  });

  test("rejects with a failure of the policy", async () => {
    const fail = (): never => {
      throw new Error("generator lost");
    };
    const policy = scriptedPolicy(honest, { onGrow: fail });
    const scorer = makeScorer();
    await expect(runSearch({ policy, scorer }, request)).rejects.toThrow("generator lost");
    expect([policy.sessionsOpen, scorer.sessionsOpen]).toEqual([0, 0]);
  });
});

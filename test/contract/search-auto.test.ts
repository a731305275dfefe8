/** AUTO: from the first samples to a row of the table, within one session. */
import { expect, test } from "vitest";
import type { SearchRequest, Budget } from "#verifier/search/types.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { eventsOf, type Run, runSearch } from "../fakes/search-run.js";
import { toyScorer } from "../fakes/toy-scorer.js";

/** Two steps, then what `answer` says for the place. */
const solving =
  (answer: (place: readonly number[]) => number): Script =>
  (place, texts) =>
    texts.length < 2
      ? { text: `${place.join(".")}\n`, tokens: 4 }
      : { text: `#### ${answer(place)}`, finish: "eos", tokens: 2 };

interface Case {
  readonly answer: (place: readonly number[]) => number;
  readonly score?: (text: string) => number;
  readonly request?: Partial<SearchRequest>;
  readonly budget?: Budget;
  readonly parameterCount?: number;
  readonly verifier?: "prm" | "swift" | "none";
}

async function solve(given: Case): Promise<Run & { policy: ReturnType<typeof scriptedPolicy> }> {
  const {
    answer,
    score = () => 0.5,
    request = {},
    budget = {},
    parameterCount = 1e8,
    verifier = "prm",
  } = given;
  const policy = scriptedPolicy(solving(answer), { parameterCount });
  const scorer = toyScorer(score, { name: verifier });
  return { policy, ...(await runSearch({ policy, scorer }, { strategy: "auto", ...request }, budget)) };
}

const plansOf = (run: Run) => eventsOf(run.events, "plan_chosen").map(({ plan }) => plan);

test("four samples that agree settle an easy problem", async () => {
  const run = await solve({ answer: () => 42, score: () => 0.9 });
  expect(run.result).toMatchObject({ answer: "42", stopReason: "decided" });
  expect(run.result.candidates).toHaveLength(4);
  const [first, row] = plansOf(run);
  expect(first).toMatchObject({
    row: "first samples",
    n: 4,
    reason: expect.stringMatching(/first 4 samples/),
  });
  expect(row).toMatchObject({ row: "policy <7B, pass@1 >= 0.5", strategy: "best_of_n", n: 16 });
  expect(row!.reason).toMatch(
    /^Escalated after 4 samples: agreement 1\.00, mean verifier score 0\.90, so pass@1 is about 0\.90/,
  );
  expect(row!.estimatedPassRate).toBeCloseTo(0.9);
  expect(run.result.plan).toEqual(row);
});

test("samples that agree on what a strong verifier knows to be wrong settle nothing", async () => {
  const run = await solve({ answer: () => 42, score: () => 0.02 });
  expect(plansOf(run)[1]).toMatchObject({ row: "policy <7B, pass@1 < 0.1", strategy: "beam" });
});

test("an easy problem that is not settled is sampled until it is", async () => {
  const run = await solve({ answer: ([i]) => (i === 0 ? 7 : 42), score: () => 0.9 });
  // 3 : 1 is open, 7 : 1 is decided.
  expect(run.result).toMatchObject({ answer: "42", stopReason: "decided" });
  expect(run.result.candidates).toHaveLength(8);
  expect(run.policy.grows.map(({ count }) => count)).toEqual([4, 4]);
  expect(plansOf(run)).toHaveLength(2);
});

test("a harder problem is searched, in the same session, and the first samples keep their votes", async () => {
  const run = await solve({ answer: ([i]) => i! % 5, score: () => 0.4 });
  expect(plansOf(run)[1]).toMatchObject({ strategy: "beam", n: 16, row: "policy <7B, pass@1 0.1-0.5" });
  expect(run.policy.opened).toHaveLength(1);
  expect(run.policy.grows[0]).toMatchObject({ count: 4, until: "end" });
  expect(run.policy.grows[1]).toMatchObject({ nodeId: 0, count: 16, until: "step" });
  const firstFour = eventsOf(run.events, "node_added")
    .filter(({ finishReason }) => finishReason === "eos")
    .slice(0, 4);
  const ids = run.result.candidates.map(({ nodeId }) => nodeId);
  for (const { nodeId } of firstFour) expect(ids).toContain(nodeId);
});

test("a search that does not convince is widened, and says so", async () => {
  const run = await solve({ answer: ([i]) => i!, score: () => 0.4 });
  expect(plansOf(run).map(({ n }) => n)).toEqual([4, 16, 64]);
  expect(plansOf(run)[2]!.reason).toMatch(/^Escalated again.*confidence is still 0\.\d\d/);
});

test("a search that convinces is not widened", async () => {
  const run = await solve({
    answer: (place) => (place[0]! < 4 ? place[0]! : 42),
    score: (text) => (text.includes("42") ? 0.95 : 0.2),
  });
  expect(plansOf(run).map(({ n }) => n)).toEqual([4, 16]);
  expect(run.result).toMatchObject({ answer: "42", stopReason: "decided" });
});

test("a problem beyond the policy is given up, with low confidence and a warning", async () => {
  const run = await solve({ answer: ([i, j = 0]) => 100 * i! + j, score: () => 0.02 });
  expect(plansOf(run).map(({ strategy, n }) => [strategy, n])).toEqual([
    ["best_of_n", 4],
    ["beam", 64],
  ]);
  expect(run.result.confidence).toBeLessThan(0.05);
  expect(run.result.warning).toMatch(/beyond the policy/);
});

test("larger policies and weak verifiers have rows of their own", async () => {
  const answer = ([i]: readonly number[]): number => (i! % 2 === 0 ? 1 : i!);
  expect(plansOf(await solve({ answer, score: () => 0.5, parameterCount: 8e9 }))[1]!.strategy).toBe("dvts");
  expect(plansOf(await solve({ answer, score: () => 0.5, parameterCount: 70e9 }))[1]!.strategy).toBe(
    "best_of_n",
  );
  expect(plansOf(await solve({ answer, verifier: "swift" }))[1]!.row).toBe("weak verifier, pass@1 >= 0.5");
});

test("needs no verifier", async () => {
  const run = await solve({ answer: ([i]) => (i! < 2 ? i! : 9), verifier: "none" });
  expect(run.result).toMatchObject({ answer: "9", usage: { verifierTokens: 0 } });
  expect(plansOf(run).every(({ vote }) => vote === "majority")).toBe(true);
});

test("measures a solution on the first samples and plans what the rest of the budget pays for", async () => {
  // Ten tokens a solution: 40 for the first samples leave 15 more.
  const run = await solve({ answer: ([i]) => i! % 5, score: () => 0.4, budget: { generatedTokens: 190 } });
  expect(plansOf(run)[1]).toMatchObject({
    strategy: "beam",
    n: 12,
    reason: expect.stringContaining("12 instead of 16"),
  });
  expect(run.result.usage.generatedTokens).toBeLessThanOrEqual(190 + 4 * 16);
});

test("never draws more samples than n, and stops when the budget is gone", async () => {
  const capped = await solve({ answer: ([i]) => i! % 2, score: () => 0.9, request: { n: 6 } });
  expect(capped.result.candidates.length).toBeLessThanOrEqual(6);
  const poor = await solve({ answer: ([i]) => i! % 2, score: () => 0.9, budget: { generatedTokens: 45 } });
  expect(poor.result.stopReason).toBe("budget");
  expect(poor.result.answer).not.toBe("");
});

test("an n beyond what the table draws is no budget that ended", async () => {
  // Sixteen samples at most for an easy problem that stays open.
  const run = await solve({ answer: ([i]) => i! % 2, score: () => 0.9, request: { n: 64 } });
  expect(run.result.candidates).toHaveLength(16);
  expect(run.result.stopReason).toBe("finished");
});

/** Whatever the budget and wherever it cuts: a search ends, says what ran out, and its tokens add up. */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Budget, SearchRequest } from "#verifier/search/types.js";
import { type Script, scriptedPolicy } from "../fakes/scripted-policy.js";
import { type Run, runSearch } from "../fakes/search-run.js";
import { toyScorer } from "../fakes/toy-scorer.js";

/** Rows of unlike lengths, with steps so short that several are on their way when the budget ends. */
const script: Script = (place, texts) => {
  const last = 2 + (place[0]! % 3);
  return texts.length < last
    ? { text: `${place.join(".")}\n`, tokens: 1 + ((place.at(-1)! + texts.length) % 2) }
    : { text: `#### ${place[0]! % 2}`, finish: "eos", tokens: 1 };
};

async function solve(request: SearchRequest, budget: Budget, readingTurns: number): Promise<Run> {
  const policy = scriptedPolicy(script);
  const scorer = toyScorer((text) => 0.3 + 0.01 * text.length, {
    problemTokens: 5,
    delay: async () => {
      for (let turn = 0; turn < readingTurns; turn++) await nextTurn();
    },
  });
  const late = sleep(3000, undefined, { ref: false }).then(() => {
    throw new Error(`the search must end, and did not: ${JSON.stringify({ request, budget, readingTurns })}`);
  });
  return Promise.race([runSearch({ policy, scorer }, request, budget), late]);
}

const RESOURCES = ["generatedTokens", "verifierTokens", "tokens", "flops"] as const;
const NAMES = {
  generatedTokens: "generated_tokens",
  verifierTokens: "verifier_tokens",
  tokens: "tokens",
  flops: "flops",
} as const;

test.each<[SearchRequest["strategy"], number]>([
  ["majority", 0],
  ["best_of_n", 0],
  ["best_of_n", 0.36],
  ["beam", 0],
  ["beam", 0.36],
  ["dvts", 0],
  ["early_rejection", 0],
  ["rebase", 0],
  ["particle_filtering", 0],
  ["auto", 0],
])("%s, rejecting below %d", async (strategy, rejectBelow) => {
  for (const resource of RESOURCES)
    for (const readingTurns of [0, 1, 5])
      for (let amount = 1; amount <= 60; amount += 1) {
        const budget = { [resource]: resource === "flops" ? amount * 3e9 : amount };
        const { result } = await solve({ strategy, n: 8, seed: 1, rejectBelow }, budget, readingTurns);
        const { usage, stopReason, exhausted } = result;
        expect(usage.keptTokens + usage.prunedTokens + usage.cancelledTokens).toBe(usage.generatedTokens);
        expect(exhausted).toBe(stopReason === "budget" ? NAMES[resource] : undefined);
        // A step of each row is two tokens at most, and may be read.
        if (resource === "generatedTokens") expect(usage.generatedTokens).toBeLessThanOrEqual(amount + 2 * 8);
        if (resource === "verifierTokens")
          expect(usage.verifierTokens).toBeLessThanOrEqual(amount + 5 + 2 * 8);
      }
});

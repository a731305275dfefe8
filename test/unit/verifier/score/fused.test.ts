import { expect, test } from "vitest";
import type { StepSample, StepScorer } from "#verifier/ports.js";
import { createFusedScorer } from "#verifier/score/fused.js";
import { toyScorer } from "../../../fakes/toy-scorer.js";

const signal = new AbortController().signal;
const probes = [
  { name: "swift", modelHash: "ab", input: "hidden", weights: new Float32Array(2), shape: [1, 2] },
] as const;

function step(nodeId: number, parentId: number, text: string, finishReason: "step" | "eos" = "step") {
  const none = { logProbs: [], entropies: [], probeOutputs: new Float32Array() };
  return { nodeId, parentId, text, tokenIds: [1], finishReason, ...none } satisfies StepSample;
}

function fused() {
  const prm = toyScorer((text) => Number(text), { pair: () => ({ swift: 9, prm: 9 }), problemTokens: 5 });
  const reading: StepScorer = {
    ...toyScorer(() => 0),
    open: async (problem, at) => {
      const session = await prm.open(problem, at);
      return {
        ...session,
        score: async (steps) => (await session.score(steps)).map(({ score }) => ({ score, prm: score })),
      };
    },
  };
  const rewards = toyScorer(() => 0.5);
  const swift: StepScorer = {
    ...rewards,
    probes,
    sampling: { temperature: 1, assertFits: () => undefined },
    open: async (problem, at) => {
      const session = await rewards.open(problem, at);
      return {
        ...session,
        needsHiddenStates: true,
        score: async (steps) => (await session.score(steps)).map(({ score }) => ({ score, swift: -2 })),
        audit: () => ({ stepsAudited: 1, mismatches: 0, maxDifference: 0 }),
      };
    },
  };
  return { prm, rewards, scorer: createFusedScorer("rank", { swift, prm: reading }) };
}

test("both score every step; the belief is the mean of theirs", async () => {
  const session = await fused().scorer.open("p", signal);
  expect(await session.score([step(1, 0, "0.25"), step(2, 0, "0.75")])).toEqual([
    { score: 0.375, swift: -2, prm: 0.25 },
    { score: 0.625, swift: -2, prm: 0.75 },
  ]);
  expect(session.usage()).toEqual({ verifierTokens: 9, flops: 9e9 });
});

test("the PRM reads the problem when the search says so", async () => {
  const session = await fused().scorer.open("p", signal);
  expect(session.usage().verifierTokens).toBe(0);
  await session.begin!();
  expect(session.usage().verifierTokens).toBe(5);
});

test("the PRM does not read a closing token without words: it thinks what it thought before", async () => {
  const { scorer, prm, rewards } = fused();
  const session = await scorer.open("p", signal);
  await session.score([step(1, 0, "0.25")]);
  expect(await session.score([step(2, 1, "", "eos"), step(3, 0, " ", "eos")])).toEqual([
    { score: 0.375, swift: -2 },
    { score: 0.5, swift: -2 },
  ]);
  expect(prm.calls.map((steps) => steps.length)).toEqual([1]);
  expect(rewards.calls.map((steps) => steps.length)).toEqual([1, 2]);
});

test("the policy is asked what SWIFT asks of it", async () => {
  const { scorer } = fused();
  expect(scorer).toMatchObject({ name: "rank", probes, readsBareEnds: true, sampling: { temperature: 1 } });
  const session = await scorer.open("p", signal);
  expect(session.needsHiddenStates).toBe(true);
  expect(session.audit!()).toMatchObject({ stepsAudited: 1 });
});

test("both sessions close, also when one could not be opened", async () => {
  const { scorer, prm, rewards } = fused();
  const session = await scorer.open("p", signal);
  session.prune([1]);
  expect([prm.pruned, rewards.pruned]).toEqual([[1], [1]]);
  session.close();
  session.close();
  expect([prm.sessionsOpen, rewards.sessionsOpen]).toEqual([0, 0]);
  const broken = { ...rewards, open: () => Promise.reject(new Error("no head")) };
  await expect(createFusedScorer("scaled", { swift: broken, prm }).open("p", signal)).rejects.toThrow(
    "no head",
  );
  expect(prm.sessionsOpen).toBe(0);
});

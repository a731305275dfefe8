import { describe, expect, test } from "vitest";
import type { PolicyInfo, Sampling } from "#verifier/ports.js";
import { assertHeadFits, assertSamplingFits } from "#verifier/score/swift/provenance.js";
import type { SwiftHead, SwiftProvenance } from "#verifier/score/swift/head-file.js";
import { scriptedPolicy } from "../../../../fakes/scripted-policy.js";
import { runSearch } from "../../../../fakes/search-run.js";
import { swiftHead, swiftRow } from "../../../../fakes/swift-head.js";
import { SWIFT_POLICY as policy } from "../../../../fakes/swift-policy.js";
import { toyScorer } from "../../../../fakes/toy-scorer.js";

const rows = { gate: swiftRow([1, 2, 3, 4], 0.5), reward: swiftRow([5, 6, 7, 8], -0.25) };
const head = swiftHead(policy.modelHash, [2, 0], rows);
const provenance = (changes: Partial<SwiftProvenance>): SwiftHead => ({
  ...head,
  provenance: { ...head.provenance, ...changes },
});
const refusal = (message: RegExp) =>
  expect.objectContaining({
    code: "failed_precondition",
    message: expect.stringMatching(message),
    details: expect.objectContaining({ reason: "SWIFT_HEAD_MISMATCH" }),
  });

describe("a head", () => {
  test.each<[string, SwiftHead, Partial<PolicyInfo>, RegExp]>([
    ["of another model", head, { modelHash: "cd" }, /trained for tiny \(cd\), but was for abab/],
    [
      "of another precision",
      head,
      { precision: "int8" },
      /trained at fp32, but the policy runs at int8; start the generator with GENERATOR_PRECISION=fp32/,
    ],
    ["with an adapter", provenance({ adapter: "lora-7" }), {}, /no adapter.*trained with lora-7/],
    [
      "of another chat template",
      head,
      { chatTemplateHash: "ee" },
      /trained with, none, but the policy's is ee/,
    ],
    [
      "of a template for a model without one",
      provenance({ chatTemplateHash: "ee" }),
      {},
      /trained with, ee, but the policy's is none/,
    ],
    ["of another width", head, { hiddenSize: 3 }, /3 numbers each, but reads 4 over states 2, 0/],
    ["of more layers", head, { hiddenStateCount: 2 }, /states below 2/],
    [
      "of another vocabulary",
      { ...head, input: { kind: "logits" } },
      {},
      /must read 5 logits, but reads 4; train a head for this policy, or use another verifier/,
    ],
  ])("%s is refused: what must hold, what was got, what to do", (_, other, change, message) => {
    expect(() => assertHeadFits(other, { ...policy, ...change })).toThrow(refusal(message));
  });

  test("fits the policy that it was trained on, whatever it reads", () => {
    assertHeadFits(head, policy);
    assertHeadFits({ ...head, input: { kind: "hidden", layers: [0, 2], finalNorm: true } }, policy);
    const logits = swiftRow([1, 2, 3, 4, 5], 0);
    assertHeadFits({ ...head, input: { kind: "logits" }, gate: undefined, reward: logits }, policy);
  });
});

describe("the sampling", () => {
  const trained = provenance({
    sampling: { temperature: 1, topK: 3, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1 },
  });
  const same: Sampling = { temperature: 1, topK: 3, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1 };

  test.each<[Sampling, string]>([
    [{ temperature: 0.8 }, "temperature 1, got 0.8; set temperature to 1, train a head for this sampling"],
    [{ topK: 4 }, "top_k 3, got 4"],
    [{ topP: 1 }, "top_p 0.9, got 1"],
    [{ minP: 0 }, "min_p 0.1, got 0"],
    [{ repetitionPenalty: 1 }, "repetition_penalty 1.1, got 1"],
  ])("%j is refused", (change, message) => {
    expect(() => assertSamplingFits(trained, policy, { ...same, ...change })).toThrow(
      refusal(new RegExp(message)),
    );
  });

  test("is the request's over the policy's defaults, and what nobody names is off", () => {
    assertSamplingFits(trained, policy, same);
    assertSamplingFits(trained, { ...policy, defaultSampling: same }, {});
    assertSamplingFits(trained, { ...policy, defaultSampling: { ...same, topP: 0.5 } }, { topP: 0.9 });
    assertSamplingFits(head, policy, { temperature: 0.8 });
    expect(() =>
      assertSamplingFits(head, { ...policy, defaultSampling: same }, { temperature: 0.8 }),
    ).toThrow(refusal(/top_k 5, got 3/));
  });

  test("a top_k of the whole vocabulary keeps all, as none does", () => {
    assertSamplingFits(head, policy, { temperature: 0.8, topK: 5 });
    assertSamplingFits(head, policy, { temperature: 0.8, topK: 500 });
  });

  test("does not matter at temperature 0", () => {
    assertSamplingFits(trained, policy, { temperature: 0 });
    assertSamplingFits(trained, { ...policy, defaultSampling: { temperature: 0 } }, {});
  });
});

describe("a search", () => {
  const strict = () => {
    const asked: Sampling[] = [];
    const assertFits = (sampling: Sampling): void => {
      asked.push(sampling);
      if (sampling.temperature !== 1 && sampling.temperature !== 0) throw new Error("another temperature");
    };
    return {
      asked,
      scorer: toyScorer(() => 0.5, { name: "swift", sampling: { temperature: 1, assertFits } }),
    };
  };
  const policyOf = () => scriptedPolicy(() => ({ text: "#### 1", finish: "eos" }));

  test.each(["auto", "best_of_n", "beam", "early_rejection"] as const)(
    "samples as the head was trained unless told otherwise (%s)",
    async (strategy) => {
      const [{ scorer, asked }, scripted] = [strict(), policyOf()];
      const { result } = await runSearch({ policy: scripted, scorer }, { strategy, sampling: { topP: 0.9 } });
      expect(scripted.opened[0]!.sampling).toEqual({ topP: 0.9, temperature: 1 });
      expect(asked).toEqual([{ topP: 0.9, temperature: 1 }]);
      expect(result.plan.temperature).toBe(1);
    },
  );

  test("that the head does not fit opens nothing", async () => {
    const [{ scorer }, scripted] = [strict(), policyOf()];
    const run = runSearch({ policy: scripted, scorer }, { strategy: "beam", sampling: { temperature: 0.5 } });
    await expect(run).rejects.toThrow("another temperature");
    expect([scripted.opened, scorer.sessionsOpen]).toEqual([[], 0]);
  });

  test.each([
    ["greedy", 0],
    ["majority", 0.8],
  ] as const)("%s, which is not read, may use any head", async (strategy, temperature) => {
    const [{ scorer, asked }, scripted] = [strict(), policyOf()];
    await runSearch({ policy: scripted, scorer }, { strategy });
    expect(asked).toEqual([]);
    expect(scripted.opened[0]!.sampling).toEqual({ temperature });
  });
});

import { expect, test } from "vitest";
import { hashHead } from "#verifier/score/swift/head-hash.js";
import { swiftHead, swiftRow } from "../../../../fakes/swift-head.js";

const head = swiftHead("policy", [0], { gate: swiftRow([1, 2], 0.5), reward: swiftRow([3, 4], 0, [5]) });

test("is of what the scores depend on", () => {
  expect(hashHead(head)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashHead({ ...head, name: "another", training: "longer" })).toBe(hashHead(head));
});

test.each([
  [
    "a weight",
    { reward: { ...head.reward, weights: head.reward.weights.map((w, i) => (i === 0 ? w + 1 : w)) } },
  ],
  ["a scalar's weight", { reward: { ...head.reward, scalars: Float32Array.of(6) } }],
  ["the bias", { reward: { ...head.reward, bias: head.reward.bias + 1 } }],
  ["the gate", { gate: undefined }],
  ["the policy", { provenance: { ...head.provenance, modelHash: "another" } }],
])("changes with %s", (_what, change) => {
  expect(hashHead({ ...head, ...change })).not.toBe(hashHead(head));
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StepSample } from "#verifier/ports.js";
import { sigmoid } from "#verifier/score/probability.js";
import { readSwiftHead, type SwiftHead, writeSwiftHead } from "#verifier/score/swift/head-file.js";
import { swiftForward } from "#verifier/score/swift/head.js";
import { swiftHead, swiftRow } from "../../../../fakes/swift-head.js";
import { SWIFT_POLICY } from "../../../../fakes/swift-policy.js";
import { createSwiftScorer } from "#verifier/score/swift/scorer.js";

const policy = SWIFT_POLICY;
const HASH = policy.modelHash;
const rows = { gate: swiftRow([1, 2, 3, 4], 0.5), reward: swiftRow([5, 6, 7, 8], -0.25) };
const head = swiftHead(HASH, [2, 0], rows);
const signal = new AbortController().signal;

function step(nodeId: number, parentId: number, ...projections: number[]): StepSample {
  return {
    nodeId,
    parentId,
    text: "x",
    tokenIds: Array.from({ length: projections.length / 2 }, () => 1),
    finishReason: "step",
    logProbs: [],
    entropies: [],
    probeOutputs: Float32Array.from(projections),
  };
}

describe("head file", () => {
  let dir = "";
  beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "swift-"))));
  afterAll(() => rm(dir, { recursive: true }));

  test("reads back what was written", async () => {
    const { sampling } = head.provenance;
    const others: Partial<SwiftHead>[] = [
      {},
      { gate: undefined, span: "without_first" },
      { input: { kind: "logits" } },
      { input: { kind: "hidden", layers: [0], finalNorm: true } },
      { reward: swiftRow([1], 0, [1, 2, 3]), gate: swiftRow([2], 0, [4, 5, 6]), input: { kind: "logits" } },
      { provenance: { ...head.provenance, sampling: { ...sampling, topK: 40 } } },
    ];
    for (const change of others) {
      const path = join(dir, "head.safetensors");
      await writeSwiftHead(path, { ...head, ...change });
      expect(await readSwiftHead(path)).toEqual({ ...head, ...change });
    }
  });

  test.each<[string, Partial<SwiftHead>, RegExp]>([
    ["NaN in a weight", { gate: swiftRow([1, Number.NaN, 3, 4], 0) }, /finite/],
    ["an infinite bias", { reward: swiftRow([1, 2, 3, 4], Infinity) }, /finite/],
    ["weights of two widths", { reward: swiftRow([1], 0) }, /4 and 1/],
    ["no weights", { gate: undefined, reward: swiftRow([], 0) }, /at least 1/],
    ["scalars in one row", { reward: swiftRow([1, 2, 3, 4], 0, [1, 2, 3]) }, /0 or 3 scalars/],
    [
      "a state named twice",
      { input: { kind: "hidden", layers: [1, 1], finalNorm: false } },
      /different state/,
    ],
    ["another width", { input: { kind: "hidden", layers: [0, 1, 2], finalNorm: false } }, /3 states times/],
  ])("refuses %s", async (_, change, message) => {
    const path = join(dir, "broken.safetensors");
    const write = async () => {
      await writeSwiftHead(path, { ...head, ...change });
      return readSwiftHead(path);
    };
    await expect(write()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(message),
    });
  });

  test("refuses a file that is missing or is no head", async () => {
    await writeFile(join(dir, "text.safetensors"), "hello");
    for (const name of ["none.safetensors", "text.safetensors"])
      await expect(readSwiftHead(join(dir, name))).rejects.toMatchObject({ code: "failed_precondition" });
  });
});

describe("scorer", () => {
  test("its probe puts the weights at the states they were trained on", () => {
    const [probe] = createSwiftScorer(head, policy).probes;
    expect(probe!.shape).toEqual([2, 6]);
    expect([...probe!.weights]).toEqual([3, 4, 0, 0, 1, 2, 7, 8, 0, 0, 5, 6]);
    expect(probe!.input).toBe("hidden");
  });

  test("its probe asks for normed states or for logits where the head reads these", () => {
    const probeOf = (changes: Partial<SwiftHead>) =>
      createSwiftScorer({ ...head, ...changes }, policy).probes[0]!;
    const normed = probeOf({ input: { kind: "hidden", layers: [2, 0], finalNorm: true } });
    expect(normed).toMatchObject({ input: "hidden_final_norm", shape: [2, 6] });
    expect([...normed.weights]).toEqual([3, 4, 0, 0, 1, 2, 7, 8, 0, 0, 5, 6]);
    const logits = {
      input: { kind: "logits" },
      gate: undefined,
      reward: swiftRow([1, 2, 3, 4, 5], 0),
    } as const;
    expect(probeOf(logits)).toMatchObject({
      input: "logits",
      shape: [1, 5],
      weights: logits.reward.weights,
    });
    const gated = probeOf({ ...logits, gate: swiftRow([9, 8, 7, 6, 5], 1) });
    expect([...gated.weights]).toEqual([9, 8, 7, 6, 5, 1, 2, 3, 4, 5]);
  });

  test("a step's score is that of its whole path, in forks too", async () => {
    const session = await createSwiftScorer(head, policy).open("p", signal);
    const root = [0.1, 0.2, -0.3, 0.4];
    const left = [1, 1];
    const right = [-1, 2, 0.5, -0.5];
    const scores = await session.score([step(1, 0, ...root), step(2, 1, ...left), step(3, 1, ...right)]);
    const expected = [root, [...root, ...left], [...root, ...right]].map((path) =>
      sigmoid(swiftForward(head, path)),
    );
    expect(scores.map(({ score }) => score)).toBeAllclose(expected, { atol: 1e-6 });
    for (const { score, swift } of scores) expect(score).toBeCloseTo(sigmoid(swift!), 9);
    expect(session.usage()).toEqual({ verifierTokens: 0, flops: 5 * 4 * 6 });
  });

  test("refuses what it cannot score rather than impute a score", async () => {
    const session = await createSwiftScorer(head, policy).open("p", signal);
    await expect(session.score([step(2, 7, 1, 1)])).rejects.toMatchObject({ code: "not_found" });
    await expect(session.score([step(1, 0)])).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(session.score([step(1, 0, Number.NaN, 1)])).rejects.toMatchObject({ code: "internal" });
    const missing = { ...step(1, 0, 1, 1), probeOutputs: new Float32Array(0) };
    await expect(session.score([missing])).rejects.toMatchObject({ code: "failed_precondition" });
  });

  describe("swift+lp", () => {
    const lp = swiftHead(HASH, [1], { gate: undefined, reward: swiftRow([0, 0], 0, [1, 10, 100]) });
    const open = () => createSwiftScorer(lp, policy).open("p", signal);
    const at = (nodeId: number, parentId: number, changes: Partial<StepSample> = {}): StepSample => ({
      ...step(nodeId, parentId, 0, 0, 0, 0),
      probeOutputs: new Float32Array(2),
      logProbs: [-0.25, -0.5],
      entropies: [0.5, 0.25],
      nextEntropy: 0.125,
      ...changes,
    });

    test("reads ln p, the entropy before and the entropy after each token, across steps", async () => {
      const end = at(2, 1, { finishReason: "eos" });
      const { nextEntropy: _, ...last } = end;
      const scores = await (await open()).score([at(1, 0), last]);
      // Per token ln p + 10 before + 100 after.
      const first = [-0.25 + 5 + 25, -0.5 + 2.5 + 12.5];
      const second = [-0.25 + 5 + 25, -0.5 + 2.5 + 0];
      const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      expect(scores.map(({ swift }) => swift)).toBeAllclose([mean(first), mean([...first, ...second])], {
        atol: 1e-5,
      });
    });

    test("takes no entropy for 0 where the text goes on", async () => {
      const { nextEntropy: _, ...open1 } = at(1, 0);
      await expect((await open()).score([open1])).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining("entropy after its last token"),
      });
    });

    test("refuses steps without one log-probability and entropy per token", async () => {
      for (const missing of [{ logProbs: [] }, { entropies: [0.5] }])
        await expect((await open()).score([at(1, 0, missing)])).rejects.toMatchObject({
          code: "failed_precondition",
        });
    });
  });

  test("pruned paths and all below them cannot be continued", async () => {
    const session = await createSwiftScorer(head, policy).open("p", signal);
    await session.score([step(1, 0, 1, 1), step(2, 1, 1, 1)]);
    session.prune([1, 99]);
    await expect(session.score([step(3, 2, 1, 1)])).rejects.toMatchObject({ code: "not_found" });
  });

  test("huge rewards still give scores inside (0, 1)", async () => {
    const session = await createSwiftScorer(head, policy).open("p", signal);
    const [high, low] = await session.score([step(1, 0, 1, 1e6), step(2, 0, 1, -1e6)]);
    expect(high!.score).toBeLessThan(1);
    expect(low!.score).toBeGreaterThan(0);
    // R itself stays what it is: ranks and scales are taken of it.
    expect(high!.swift).toBeGreaterThan(1e5);
  });

  test("a head without a gate takes the plain mean", async () => {
    const ungated = swiftHead(HASH, [1], { gate: undefined, reward: swiftRow([1, 1], 0.5) });
    const session = await createSwiftScorer(ungated, policy).open("p", signal);
    const first = { ...step(1, 0, 1, 3), tokenIds: [1, 1] };
    const second = { ...step(2, 1, 8, 0), tokenIds: [1, 1] };
    const scores = await session.score([first, second]);
    expect(scores.map(({ swift }) => swift)).toBeAllclose([2.5, 3.5], { atol: 1e-12 });
  });

  test("without_first drops the path's first token, not each step's", async () => {
    const spanned = swiftHead(
      HASH,
      [1],
      { gate: undefined, reward: swiftRow([1, 1], 0) },
      { span: "without_first" },
    );
    const session = await createSwiftScorer(spanned, policy).open("p", signal);
    const at = (nodeId: number, parentId: number, ...outputs: number[]) => ({
      ...step(nodeId, parentId, ...outputs),
      tokenIds: outputs.map(() => 1),
    });
    // A first step of one token leaves nothing to score: R is 0, as the clamp of its denominator has it.
    const scores = await session.score([at(1, 0, 100), at(2, 1, 4, 2), at(3, 2, 6)]);
    expect(scores.map(({ swift }) => swift)).toBeAllclose([0, 3, 4], { atol: 1e-12 });
  });
});

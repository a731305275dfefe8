import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PolicyInfo, StepSample } from "#verifier/ports.js";
import { sigmoid } from "#verifier/score/probability.js";
import { readSwiftHead, type SwiftHead, writeSwiftHead } from "#verifier/score/swift/head-file.js";
import { swiftForward } from "#verifier/score/swift/head.js";
import { swiftHead, swiftRow } from "../../../../fakes/swift-head.js";
import { createSwiftScorer } from "#verifier/score/swift/scorer.js";

const HASH = "ab".repeat(32);
const policy: PolicyInfo = {
  model: "tiny",
  modelHash: HASH,
  parameterCount: 10,
  contextLength: 64,
  stepDelimiter: ";",
  hiddenSize: 2,
  hiddenStateCount: 3,
};
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
  test("refuses a head of another model or another width", () => {
    expect(() => createSwiftScorer(head, { ...policy, modelHash: "cd" })).toThrow(/trained for tiny/);
    expect(() => createSwiftScorer(head, { ...policy, hiddenSize: 3 })).toThrow(/3 numbers each/);
    expect(() => createSwiftScorer(head, { ...policy, hiddenStateCount: 2 })).toThrow(/below 2/);
  });

  test("its probe puts the weights at the states they were trained on", () => {
    const [probe] = createSwiftScorer(head, policy).probes;
    expect(probe!.shape).toEqual([2, 6]);
    expect([...probe!.weights]).toEqual([3, 4, 0, 0, 1, 2, 7, 8, 0, 0, 5, 6]);
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
    expect(scores).toBeAllclose(expected, { atol: 1e-6 });
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

  test("pruned paths and all below them cannot be continued", async () => {
    const session = await createSwiftScorer(head, policy).open("p", signal);
    await session.score([step(1, 0, 1, 1), step(2, 1, 1, 1)]);
    session.prune([1, 99]);
    await expect(session.score([step(3, 2, 1, 1)])).rejects.toMatchObject({ code: "not_found" });
  });

  test("huge rewards still give scores inside (0, 1)", async () => {
    const session = await createSwiftScorer(head, policy).open("p", signal);
    const [high, low] = await session.score([step(1, 0, 1, 1e6), step(2, 0, 1, -1e6)]);
    expect(high).toBeLessThan(1);
    expect(low).toBeGreaterThan(0);
  });
});

/** Every kind of SWIFT head through the real pair: both services on sockets, the policy in its Worker. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toConfig as toGeneratorConfig } from "#generator/config.js";
import { createService as createGenerator } from "#generator/service.js";
import type { RunnableService } from "#shared/config/run-service.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createClient } from "#shared/rpc/connect.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { Solved__Output } from "#shared/rpc/gen/deliberate/v1/Solved.js";
import { verifierService } from "#shared/rpc/proto.js";
import { toConfig as toVerifierConfig } from "#verifier/config.js";
import { type SwiftHead, writeSwiftHead } from "#verifier/score/swift/head-file.js";
import { createService as createVerifier } from "#verifier/service.js";
import { swiftHead, swiftRow } from "../fakes/swift-head.js";
import { temporaryDirectory } from "../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../fakes/tiny-directory.js";

const HIDDEN = 32;
const VOCABULARY = 20;
const wave = (width: number, phase: number, scalars: number[] = []) =>
  swiftRow(
    Array.from({ length: width }, (_, i) => Math.sin(i + phase) / 4),
    phase / 10,
    scalars,
  );
const rowsOf = (width: number, scalars: number[] = []) => ({
  gate: wave(width, 1, scalars),
  reward: wave(width, 2, scalars),
});

let dir = "";
let owner = { modelHash: "", chatTemplateHash: "" };
let generator: RunnableService;
let address = "";
const services: RunnableService[] = [];

const env = (prefix: string) => ({
  [`${prefix}_LOG_LEVEL`]: "silent",
  [`${prefix}_PORT`]: "0",
  [`${prefix}_CACHE_DIR`]: join(dir, "cache"),
  [`${prefix}_THREADS`]: "1",
  [`${prefix}_GRACE_MS`]: "100",
});

beforeAll(async () => {
  dir = await temporaryDirectory();
  const policy = join(dir, "policy");
  await writeTinyDirectory(policy, 1, 2);
  const { hash, chatTemplate } = await loadCheckpoint(policy);
  owner = { modelHash: hash, chatTemplateHash: chatTemplate!.hash };
  generator = await createGenerator(toGeneratorConfig({ ...env("GENERATOR"), GENERATOR_POLICY: policy }));
  services.push(generator);
  address = await generator.start();
});

afterAll(async () => {
  for (const service of services.toReversed()) await service.stop();
});

/** One Solve by a verifier of its own that serves this head. */
async function solveWith(head: SwiftHead, request: SolveRequest = {}, share = "0"): Promise<Solved__Output> {
  const file = join(dir, "head.safetensors");
  await writeSwiftHead(file, head);
  const settings = { GENERATOR_ADDRESS: address, VERIFIER_SWIFT: file, VERIFIER_SWIFT_AUDIT_SHARE: share };
  const verifier = await createVerifier(toVerifierConfig({ ...env("VERIFIER"), ...settings }));
  const client = createClient(verifierService, await verifier.start());
  try {
    const asked: SolveRequest = {
      problem: "7+5-3=?",
      seed: 5,
      maxSolutionTokens: 60,
      verifier: "VERIFIER_SWIFT",
    };
    const full: SolveRequest = { ...asked, strategy: "STRATEGY_BEST_OF_N", n: 32, ...request };
    for await (const { solved } of client.solve(full, { signal: AbortSignal.timeout(50_000) }))
      if (solved) return solved;
    throw new Error("no end");
  } finally {
    client.close();
    await verifier.stop();
  }
}

const rewardsOf = ({ candidates }: Solved__Output) =>
  new Map(candidates.map(({ text, swiftScore }) => [text, swiftScore!]));

const KINDS: readonly (readonly [string, () => SwiftHead])[] = [
  ["all states", () => swiftHead(owner, [0, 1, 2], rowsOf(3 * HIDDEN))],
  ["a subset of the states", () => swiftHead(owner, [2, 0], rowsOf(2 * HIDDEN))],
  ["no gate", () => swiftHead(owner, [1], { ...rowsOf(HIDDEN), gate: undefined })],
  [
    "normed states",
    () =>
      swiftHead(owner, [0, 2], rowsOf(2 * HIDDEN), {
        input: { kind: "hidden", layers: [0, 2], finalNorm: true },
      }),
  ],
  ["logits", () => swiftHead(owner, [], rowsOf(VOCABULARY), { input: { kind: "logits" } })],
  [
    "states, without the first token",
    () => swiftHead(owner, [1, 2], rowsOf(2 * HIDDEN), { span: "without_first" }),
  ],
  ["states and scalars", () => swiftHead(owner, [0, 1, 2], rowsOf(3 * HIDDEN, [0.5, -0.25, 0.125]))],
];

describe.each(KINDS)("a head over %s", (_, makeHead) => {
  test("scores solutions, each search the same", async () => {
    const [first, second] = [await solveWith(makeHead()), await solveWith(makeHead())];
    const rewards = rewardsOf(first);
    expect(rewards.size).toBeGreaterThan(1);
    expect(new Set(rewards.values()).size).toBeGreaterThan(1);
    expect(first.audit).toBeNull();
    for (const [text, reward] of rewardsOf(second)) expect(reward).toBeCloseTo(rewards.get(text)!, 5);
  });
});

describe("an audit", () => {
  const audited = KINDS.filter(([kind]) => !["normed states", "logits"].includes(kind));

  test.each(audited)("finds both routes equal, and changes nothing (%s)", async (_, makeHead) => {
    const [plain, checked] = [await solveWith(makeHead()), await solveWith(makeHead(), {}, "1")];
    expect(checked.audit!.stepsAudited).toBeGreaterThan(5);
    expect(checked.audit!.mismatches).toBe(0);
    expect(checked.audit!.maxDifference).toBeGreaterThan(0);
    expect(checked.audit!.maxDifference).toBeLessThan(1e-3);
    const rewards = rewardsOf(plain);
    for (const [text, reward] of rewardsOf(checked)) expect(reward).toBeCloseTo(rewards.get(text)!, 5);
    expect(checked.answer).toBe(plain.answer);
  });

  test.each(["STRATEGY_BEAM", "STRATEGY_DVTS", "STRATEGY_EARLY_REJECTION"] as const)(
    "goes along with forks (%s)",
    async (strategy) => {
      const { audit } = await solveWith(audited[0]![1](), { strategy, n: 8, seed: 3 }, "1");
      expect(audit!.stepsAudited).toBeGreaterThan(5);
      expect(audit!.mismatches).toBe(0);
    },
  );

  test("of a head without a second route ends the verifier before it listens", async () => {
    for (const kind of ["normed states", "logits"])
      await expect(solveWith(KINDS.find(([name]) => name === kind)![1](), {}, "0.1")).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining("VERIFIER_SWIFT_AUDIT_SHARE must be 0"),
      });
  });
});

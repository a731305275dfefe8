/** Both real services on real sockets, each model in its Worker, with tiny random checkpoints. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toConfig as toGeneratorConfig } from "#generator/config.js";
import { createService as createGenerator } from "#generator/service.js";
import type { RunnableService } from "#shared/config/run-service.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createClient, type RpcClient } from "#shared/rpc/connect.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { SolveResponse__Output } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type {
  VerifierServiceDefinition,
  VerifierServiceHandlers,
} from "#shared/rpc/gen/deliberate/v1/VerifierService.js";
import { verifierService } from "#shared/rpc/proto.js";
import { toConfig as toVerifierConfig } from "#verifier/config.js";
import { FEATURE_COUNT } from "#verifier/score/prm/features.js";
import { type PrmFiles, writePrmFiles } from "#verifier/score/prm/head-file.js";
import { writeSwiftHead } from "#verifier/score/swift/head-file.js";
import { swiftHead, swiftRow } from "../fakes/swift-head.js";
import { createService as createVerifier } from "#verifier/service.js";
import { temporaryDirectory } from "../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../fakes/tiny-directory.js";

const PROBLEM = "7+5-3=?";

/** Believes in steps that the reader finds likely, the longer the path the less. */
const prmFiles: PrmFiles = {
  head: {
    mean: new Float32Array(FEATURE_COUNT),
    std: new Float32Array(FEATURE_COUNT).fill(1),
    hiddenWeight: Float32Array.from({ length: FEATURE_COUNT }, (_, i) =>
      i === 6 ? 0.02 : i === 5 ? 0.05 : 0,
    ),
    hiddenBias: Float32Array.of(0.5),
    outputWeight: Float32Array.of(4),
    outputBias: 0,
  },
  selfCheck: { problem: PROBLEM, good: ["9\n"], bad: ["77777777777777\n", "#################\n"] },
  training: "none",
};

let services: RunnableService[] = [];
let client: RpcClient<VerifierServiceDefinition, VerifierServiceHandlers>;

beforeAll(async () => {
  const dir = await temporaryDirectory();
  const [policyDir, prmDir, swiftFile] = [
    join(dir, "policy"),
    join(dir, "prm"),
    join(dir, "head.safetensors"),
  ];
  await writeTinyDirectory(policyDir, 1, 2);
  await writeTinyDirectory(prmDir, 2, 3);
  await writePrmFiles(prmDir, prmFiles);
  const rows = {
    gate: swiftRow(
      Array.from({ length: 64 }, (_, i) => Math.sin(i)),
      0.1,
    ),
    reward: swiftRow(
      Array.from({ length: 64 }, (_, i) => Math.cos(i)),
      -0.1,
    ),
  };
  const { hash: modelHash, chatTemplate } = await loadCheckpoint(policyDir);
  const owner = { modelHash, chatTemplateHash: chatTemplate?.hash ?? "" };
  await writeSwiftHead(swiftFile, swiftHead(owner, [0, 2], rows));
  const common = {
    LOG_LEVEL: "silent",
    PORT: "0",
    CACHE_DIR: join(dir, "cache"),
    THREADS: "1",
    GRACE_MS: "100",
  };
  const prefixed = (prefix: string) =>
    Object.fromEntries(Object.entries(common).map(([key, value]) => [`${prefix}_${key}`, value]));
  const generator = await createGenerator(
    toGeneratorConfig({ ...prefixed("GENERATOR"), GENERATOR_POLICY: policyDir }),
  );
  services.push(generator);
  const address = await generator.start();
  const verifier = await createVerifier(
    toVerifierConfig({
      ...prefixed("VERIFIER"),
      GENERATOR_ADDRESS: address,
      VERIFIER_PRM: prmDir,
      VERIFIER_SWIFT: swiftFile,
    }),
  );
  services.push(verifier);
  client = createClient(verifierService, await verifier.start());
});

afterAll(async () => {
  client?.close();
  for (const service of services.toReversed()) await service.stop();
});

async function solve(request: SolveRequest): Promise<SolveResponse__Output[]> {
  const events: SolveResponse__Output[] = [];
  const signal = AbortSignal.timeout(50_000);
  const full = { problem: PROBLEM, maxSolutionTokens: 60, ...request };
  for await (const event of client.solve(full, { signal })) events.push(event);
  return events;
}

/** What a search decided, without the order in which its steps happened to arrive and without node ids. */
function outcome(events: readonly SolveResponse__Output[]) {
  const { answer, candidates, usage } = events.at(-1)!.solved!;
  const texts = candidates.map(({ text, score }) => `${text}|${score!.toFixed(5)}`).sort();
  return { answer, texts, generatedTokens: usage!.generatedTokens };
}

/**
 * Nodes by their texts and candidates by their scores, whatever their ids and the order in which they came. (Whether a
 * step of a path that was given up had been scored before is a matter of time.)
 */
function treeOf(events: readonly SolveResponse__Output[]): string[] {
  const nodes = new Map(
    events.flatMap(({ nodeAdded }) => (nodeAdded ? [[nodeAdded.nodeId, nodeAdded]] : [])),
  );
  const textOf = (id: number): string => {
    const node = nodes.get(id);
    return node === undefined ? "" : textOf(node.parentId) + node.text;
  };
  const candidates = events
    .at(-1)!
    .solved!.candidates.map(({ text, score, swiftScore, prmScore }) =>
      [text, score, swiftScore, prmScore]
        .map((part) => (typeof part === "number" ? part.toFixed(4) : part))
        .join("|"),
    );
  return [...[...nodes.keys()].map(textOf), ...candidates].sort();
}

describe("the pair", () => {
  test.each<[string, SolveRequest]>([
    ["greedy", { strategy: "STRATEGY_GREEDY" }],
    ["majority", { strategy: "STRATEGY_MAJORITY", n: 8 }],
    ["Best-of-N by the PRM", { strategy: "STRATEGY_BEST_OF_N", n: 8 }],
    ["Best-of-N by SWIFT", { strategy: "STRATEGY_BEST_OF_N", n: 8, verifier: "VERIFIER_SWIFT" }],
    ["beam", { strategy: "STRATEGY_BEAM", n: 8, beamWidth: 4 }],
    ["beam by SWIFT", { strategy: "STRATEGY_BEAM", n: 8, beamWidth: 4, verifier: "VERIFIER_SWIFT" }],
    ["Best-of-N by ranks", { strategy: "STRATEGY_BEST_OF_N", n: 8, verifier: "VERIFIER_RANK_FUSION" }],
    ["beam by ranks", { strategy: "STRATEGY_BEAM", n: 8, beamWidth: 4, verifier: "VERIFIER_RANK_FUSION" }],
    ["DVTS by ranks", { strategy: "STRATEGY_DVTS", n: 8, beamWidth: 4, verifier: "VERIFIER_RANK_FUSION" }],
    ["Best-of-N by scale", { strategy: "STRATEGY_BEST_OF_N", n: 8, verifier: "VERIFIER_SCALED_FUSION" }],
    ["beam by scale", { strategy: "STRATEGY_BEAM", n: 8, beamWidth: 4, verifier: "VERIFIER_SCALED_FUSION" }],
    ["DVTS by scale", { strategy: "STRATEGY_DVTS", n: 8, beamWidth: 4, verifier: "VERIFIER_SCALED_FUSION" }],
    ["early rejection by SWIFT", { strategy: "STRATEGY_EARLY_REJECTION", n: 8, verifier: "VERIFIER_SWIFT" }],
    ["REBASE", { strategy: "STRATEGY_REBASE", n: 8 }],
    ["particle filtering", { strategy: "STRATEGY_PARTICLE_FILTERING", n: 8 }],
    ["AUTO by ranks", { verifier: "VERIFIER_RANK_FUSION" }],
    ["DVTS by SWIFT", { strategy: "STRATEGY_DVTS", n: 8, beamWidth: 4, verifier: "VERIFIER_SWIFT" }],
    ["AUTO", {}],
  ])("%s: ends with Solved and accounts for every token", async (_name, request) => {
    const events = await solve({ seed: 5, budget: { generatedTokens: 3000 }, ...request });
    expect(events[0]!.event).toBe("planChosen");
    const { usage, candidates } = events.at(-1)!.solved!;
    expect(usage!.keptTokens + usage!.prunedTokens + usage!.cancelledTokens).toBe(usage!.generatedTokens);
    expect(usage!.generatedTokens).toBeGreaterThan(0);
    for (const { stepScores } of candidates)
      for (const score of stepScores) {
        expect(score).toBeGreaterThan(0);
        expect(score).toBeLessThan(1);
      }
  });

  test("a problem that was asked before is not read again, but by other tenants", async () => {
    const usageOf = async (request: SolveRequest) =>
      (await solve({ strategy: "STRATEGY_GREEDY", problem: "8+8-1=?", ...request })).at(-1)!.solved!.usage!;
    const [first, second] = [await usageOf({}), await usageOf({ priority: 3 })];
    expect(first.cachedPromptTokens).toBe(0);
    expect(second.cachedPromptTokens).toBe(second.promptTokens);
    expect((await usageOf({ cacheSalt: "other" })).cachedPromptTokens).toBe(0);
  });

  test("the same seed gives the same search, whatever runs beside it", async () => {
    const request: SolveRequest = { strategy: "STRATEGY_BEST_OF_N", n: 6, seed: 11 };
    const alone = outcome(await solve(request));
    const [first, second] = await Promise.all([
      solve(request),
      solve(request),
      solve({ ...request, seed: 12 }),
    ]);
    expect(outcome(first)).toEqual(alone);
    expect(outcome(second)).toEqual(alone);
  });

  test.each<[string, SolveRequest]>([
    ["Best-of-N by SWIFT", { strategy: "STRATEGY_BEST_OF_N", verifier: "VERIFIER_SWIFT" }],
    ["Best-of-N by ranks", { strategy: "STRATEGY_BEST_OF_N", verifier: "VERIFIER_RANK_FUSION" }],
    ["beam by ranks", { strategy: "STRATEGY_BEAM", beamWidth: 4, verifier: "VERIFIER_RANK_FUSION" }],
    ["DVTS by scale", { strategy: "STRATEGY_DVTS", beamWidth: 4, verifier: "VERIFIER_SCALED_FUSION" }],
    ["early rejection", { strategy: "STRATEGY_EARLY_REJECTION", verifier: "VERIFIER_SCALED_FUSION" }],
    ["REBASE by scale", { strategy: "STRATEGY_REBASE", verifier: "VERIFIER_SCALED_FUSION" }],
    ["particle filtering", { strategy: "STRATEGY_PARTICLE_FILTERING" }],
  ])("%s: the same seed gives the same tree", async (_name, request) => {
    const full: SolveRequest = { n: 8, seed: 21, ...request };
    const [alone, first, second] = [await solve(full), ...(await Promise.all([solve(full), solve(full)]))];
    expect(treeOf(first)).toEqual(treeOf(alone));
    expect(treeOf(second)).toEqual(treeOf(alone));
    expect(treeOf(alone).length).toBeGreaterThan(8);
  });

  test("a fused candidate tells what each model says of it, and its standing follows from these", async () => {
    const request: SolveRequest = { strategy: "STRATEGY_BEST_OF_N", n: 64, seed: 5 };
    const of = async (verifier: NonNullable<SolveRequest["verifier"]>) =>
      (await solve({ ...request, verifier, sampling: { temperature: 0.8 } })).at(-1)!.solved!.candidates;
    const [swift, prm, rank] = [
      await of("VERIFIER_SWIFT"),
      await of("VERIFIER_PRM"),
      await of("VERIFIER_RANK_FUSION"),
    ];
    expect(rank.length).toBeGreaterThan(2);
    const byText = (candidates: typeof rank) => new Map(candidates.map((each) => [each.text, each]));
    const [rewards, beliefs] = [byText(swift), byText(prm)];
    for (const { text, swiftScore, prmScore, score } of rank) {
      expect(swiftScore).toBeCloseTo(rewards.get(text)!.swiftScore!, 5);
      expect(prmScore).toBeCloseTo(beliefs.get(text)!.score!, 5);
      expect(rewards.get(text)!.score).toBeCloseTo(1 / (1 + Math.exp(-swiftScore!)), 5);
      expect(score! > 0 && score! <= 1).toBe(true);
    }
    const standing = rank.map(({ score }) => score!);
    expect(standing).toEqual([...standing].sort((a, b) => b - a));
  });

  test("SWIFT refuses sampling that its head was not trained under, and says what to do", async () => {
    const request: SolveRequest = { strategy: "STRATEGY_BEST_OF_N", n: 2, verifier: "VERIFIER_SWIFT" };
    await expect(solve({ ...request, sampling: { temperature: 1.2 } })).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("temperature 0.8, got 1.2; set temperature to 0.8"),
      details: { reason: "SWIFT_HEAD_MISMATCH" },
    });
    const greedy = await solve({ ...request, strategy: "STRATEGY_GREEDY", n: 1 });
    expect(greedy.at(-1)!.solved!.candidates.length).toBeLessThanOrEqual(1);
  });

  test("the PRM reads each new token once, and its scores are those of Score on the bare texts", async () => {
    const events = await solve({ strategy: "STRATEGY_BEAM", n: 8, beamWidth: 2, seed: 3 });
    const nodes = new Map(
      events.flatMap(({ nodeAdded }) => (nodeAdded ? [[nodeAdded.nodeId, nodeAdded]] : [])),
    );
    const scored = events.flatMap(({ nodeScored }) => (nodeScored ? [nodeScored] : []));
    expect(scored.length).toBeGreaterThan(8);
    const characters = scored.reduce((sum, { nodeId }) => sum + nodes.get(nodeId)!.text.length, 0);
    // One token per character; the prompt is the problem and a newline.
    expect(events.at(-1)!.solved!.usage!.verifierTokens).toBe(PROBLEM.length + 1 + characters);
    const last = scored.at(-1)!;
    const steps: string[] = [];
    for (let node = nodes.get(last.nodeId); node !== undefined; node = nodes.get(node.parentId))
      steps.unshift(node.text);
    const call = client.score({ signal: AbortSignal.timeout(20_000) });
    await call.write({ start: { problem: PROBLEM } });
    await call.write({ append: { pathId: 0, steps } });
    call.end();
    const replies = [];
    for await (const reply of call.responses) replies.push(reply);
    expect(replies[1]!.scores!.scores.at(-1)!.score).toBeCloseTo(last.score, 5);
  });

  test("many searches at once, half of them left early: all end and later ones still run", async () => {
    const searches = Array.from({ length: 8 }, async (_, seed) => {
      const controller = new AbortController();
      const full: SolveRequest = {
        problem: PROBLEM,
        strategy: "STRATEGY_BEAM",
        n: 8,
        beamWidth: 4,
        seed,
        maxSolutionTokens: 60,
      };
      try {
        for await (const { event } of client.solve(full, { signal: controller.signal }))
          if (seed % 2 === 0 && event === "nodeScored") controller.abort(new Error("left"));
        return "solved";
      } catch (error) {
        if (!controller.signal.aborted) throw error;
        return "left";
      }
    });
    const ends = await Promise.all(searches);
    expect(ends.filter((end) => end === "solved").length).toBeGreaterThanOrEqual(4);
    expect((await solve({ strategy: "STRATEGY_GREEDY" })).at(-1)!.event).toBe("solved");
  });
});

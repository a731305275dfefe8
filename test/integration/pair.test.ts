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
  await writeSwiftHead(swiftFile, swiftHead((await loadCheckpoint(policyDir)).hash, [0, 2], rows));
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

describe("the pair", () => {
  test.each<[string, SolveRequest]>([
    ["greedy", { strategy: "STRATEGY_GREEDY" }],
    ["majority", { strategy: "STRATEGY_MAJORITY", n: 8 }],
    ["Best-of-N by the PRM", { strategy: "STRATEGY_BEST_OF_N", n: 8 }],
    ["Best-of-N by SWIFT", { strategy: "STRATEGY_BEST_OF_N", n: 8, verifier: "VERIFIER_SWIFT" }],
    ["beam", { strategy: "STRATEGY_BEAM", n: 8, beamWidth: 4 }],
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

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { toHalf } from "#shared/half.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { Solved__Output } from "#shared/rpc/gen/deliberate/v1/Solved.js";
import type { Tensor } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
import type { SolveResponse__Output } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import { type SwiftHead, writeSwiftHead } from "#verifier/score/swift/head-file.js";
import { swiftHead, swiftRow } from "../../fakes/swift-head.js";
import { FAKE_INFO, type Script } from "../../fakes/generator-server.js";
import { type Rig, type RigOptions, startRig, sums } from "./verifier-rig.js";

/** The machine may be busy. */
const SOON = { timeout: 10_000 };
const PROBLEM = "What is 2 + 3 + 4?";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

async function start(options?: RigOptions): Promise<Rig> {
  rig = await startRig(options);
  return rig;
}

/** A head for the scripted generator's model. */
function fakeHead(rows: Pick<SwiftHead, "gate" | "reward">): SwiftHead {
  const { modelHash, chatTemplateHash } = FAKE_INFO;
  return swiftHead({ modelHash, chatTemplateHash }, [0, 1, 2], rows);
}

/** Hidden states of so many tokens: the first number of each is `state`, the others are 0. */
function statesOf(tokens: number, state: number): Tensor {
  const width = FAKE_INFO.hiddenSize * FAKE_INFO.hiddenStateCount;
  const half = toHalf(state);
  const data = Uint16Array.from({ length: tokens * width }, (_, i) => (i % width === 0 ? half : 0));
  return { dataType: "DATA_TYPE_FLOAT16", shape: [tokens, width], data: Buffer.from(data.buffer) };
}

function solvedOf(events: readonly SolveResponse__Output[]): Solved__Output {
  expect(events.filter(({ event }) => event === "solved")).toHaveLength(1);
  return events.at(-1)!.solved!;
}

describe("Solve", () => {
  test.each<[NonNullable<SolveRequest["strategy"]>, SolveRequest]>([
    ["STRATEGY_GREEDY", {}],
    ["STRATEGY_MAJORITY", { n: 6 }],
    ["STRATEGY_BEST_OF_N", { n: 6 }],
    ["STRATEGY_BEAM", { n: 8, beamWidth: 4 }],
    ["STRATEGY_DVTS", { n: 8, beamWidth: 4 }],
    ["STRATEGY_AUTO", {}],
  ])("%s: from the plan to the right answer, every token accounted for", async (strategy, request) => {
    const { solve, generator, prm } = await start();
    const events = await solve({ problem: PROBLEM, strategy, seed: 3, ...request });
    expect(events[0]!.event).toBe("planChosen");
    const { answer, plan, usage, candidates, votes, confidence, stopReason } = solvedOf(events);
    expect(answer).toBe("9");
    expect(votes[0]!.answer).toBe("9");
    // One answer that nobody read is worth a half.
    expect(confidence).toBeGreaterThanOrEqual(0.5);
    expect(stopReason).toMatch(/FINISHED|DECIDED/);
    if (strategy !== "STRATEGY_AUTO") expect(plan!.strategy).toBe(strategy);
    expect(candidates.length).toBeGreaterThan(0);
    for (const candidate of candidates) expect(candidate.text).toContain(`#### ${candidate.answer}`);
    expect(usage!.keptTokens + usage!.prunedTokens + usage!.cancelledTokens).toBe(usage!.generatedTokens);
    expect(usage!.flops).toBeGreaterThan(0);
    const isRead = strategy !== "STRATEGY_MAJORITY" && strategy !== "STRATEGY_GREEDY";
    expect(usage!.verifierTokens > 0).toBe(isRead);
    const added = new Set([0]);
    for (const { nodeAdded, nodeScored, nodePruned } of events) {
      if (nodeAdded) {
        expect(added.has(nodeAdded.parentId)).toBe(true);
        added.add(nodeAdded.nodeId);
      }
      if (nodeScored) {
        expect(added.has(nodeScored.nodeId)).toBe(true);
        expect(nodeScored.score).toBeGreaterThan(0);
        expect(nodeScored.score).toBeLessThan(1);
      }
      if (nodePruned) expect(added.has(nodePruned.nodeId)).toBe(true);
    }
    await expect.poll(() => generator.running(), SOON).toBe(0);
    expect(generator.cancelled()).toBe(0);
    expect(prm!.sessions()).toBe(0);
  });

  test("without a PRM: no verifier works, and asking for one says how to load it", async () => {
    const { solve } = await start({ withPrm: false });
    const majority = solvedOf(await solve({ problem: PROBLEM, strategy: "STRATEGY_MAJORITY", n: 4 }));
    expect(majority.answer).toBe("9");
    const none = await solve({
      problem: PROBLEM,
      strategy: "STRATEGY_BEST_OF_N",
      n: 4,
      verifier: "VERIFIER_NONE",
    });
    expect(solvedOf(none).answer).toBe("9");
    const auto = await solve({ problem: PROBLEM, verifier: "VERIFIER_NONE" });
    expect(solvedOf(auto).answer).toBe("9");
    for (const verifier of ["VERIFIER_PRM", "VERIFIER_UNSPECIFIED"] as const)
      await expect(solve({ problem: PROBLEM, strategy: "STRATEGY_BEAM", verifier })).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining("VERIFIER_PRM"),
        details: { reason: "VERIFIER_NOT_LOADED" },
      });
    await expect(solve({ problem: PROBLEM, verifier: "VERIFIER_SWIFT" })).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("VERIFIER_SWIFT"),
    });
  });

  test("SWIFT: the head goes to the generator as a probe and its sums come back as scores", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swift-"));
    try {
      const file = join(dir, "head.safetensors");
      const rows = { gate: swiftRow([5, 5, 5, 5, 5, 5], 0), reward: swiftRow([1, 1, 1, 1, 1, 1], 1) };
      const head = fakeHead(rows);
      await writeSwiftHead(file, head);
      const { solve, generator } = await start({ withPrm: false, env: { VERIFIER_SWIFT: file } });
      const request: SolveRequest = {
        problem: PROBLEM,
        strategy: "STRATEGY_BEST_OF_N",
        n: 3,
        verifier: "VERIFIER_SWIFT",
      };
      const { candidates, plan, usage } = solvedOf(await solve(request));
      expect(generator.opens[0]!.probes[0]).toMatchObject({ name: "swift", modelHash: FAKE_INFO.modelHash });
      // The fake's projections are all 0.5, so R = 0.5 + 1 for every path.
      for (const { score } of candidates) expect(score).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 6);
      expect(plan!.verifier).toBe("VERIFIER_SWIFT");
      expect(usage!.verifierTokens).toBe(0);
      await rig!.stop();
      await writeSwiftHead(file, swiftHead("00", [0, 1, 2], rows));
      const other = await start({ withPrm: false, env: { VERIFIER_SWIFT: file } });
      await expect(other.solve(request)).rejects.toMatchObject({
        code: "failed_precondition",
        details: { reason: "SWIFT_HEAD_MISMATCH" },
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("an audit compares rewards with the policy's own states, tells what differs and changes nothing", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swift-"));
    try {
      const file = join(dir, "head.safetensors");
      const ones = swiftRow([1, 1, 1, 1, 1, 1], 0);
      await writeSwiftHead(file, fakeHead({ gate: ones, reward: ones }));
      const solveAll = async (state: number) => {
        const script: Script = (path, childIndex, problem) => {
          const step = sums(path, childIndex, problem);
          return { ...step, hiddenStates: statesOf(step.text.length, state) };
        };
        const env = { VERIFIER_SWIFT: file, VERIFIER_SWIFT_AUDIT_SHARE: "0.5" };
        const { solve, generator, stop } = await startRig({ script, env });
        const asked = { problem: PROBLEM, seed: 2 } as const;
        const results = [
          await solve({ ...asked, strategy: "STRATEGY_BEAM", n: 4, verifier: "VERIFIER_SWIFT" }),
          await solve({ ...asked, strategy: "STRATEGY_BEAM", n: 4, verifier: "VERIFIER_SWIFT" }),
          await solve({ ...asked, strategy: "STRATEGY_DVTS", n: 8, verifier: "VERIFIER_RANK_FUSION" }),
          await solve({ ...asked, strategy: "STRATEGY_BEAM", n: 4, verifier: "VERIFIER_PRM" }),
        ].map(solvedOf);
        await stop();
        expect(generator.opens.map(({ includeHiddenStates }) => includeHiddenStates)).toEqual([
          true,
          false,
          true,
          false,
        ]);
        return results;
      };
      // The fake's products are all 0.5: those of one state of 0.5.
      const [honest, lying] = [await solveAll(0.5), await solveAll(0.75)];
      for (const audited of [honest[0]!, honest[2]!]) {
        expect(audited.audit).toMatchObject({ mismatches: 0, maxDifference: 0 });
        expect(audited.audit!.stepsAudited).toBeGreaterThan(4);
      }
      for (const audited of [lying[0]!, lying[2]!]) {
        expect(audited.audit!.mismatches).toBe(audited.audit!.stepsAudited);
        expect(audited.audit!.maxDifference).toBeCloseTo(0.25, 9);
      }
      expect([honest[1]!.audit, honest[3]!.audit]).toEqual([null, null]);
      for (const [i, { answer, candidates }] of lying.entries())
        expect({ answer, candidates }).toEqual({
          answer: honest[i]!.answer,
          candidates: honest[i]!.candidates,
        });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("no finished candidate is a normal end with an empty answer", async () => {
    const { solve } = await start({ script: () => ({ text: "well ", finish: "LENGTH" }) });
    const { answer, candidates, confidence, warning } = solvedOf(
      await solve({ problem: PROBLEM, strategy: "STRATEGY_BEST_OF_N", n: 4 }),
    );
    expect({ answer, candidates, confidence }).toEqual({ answer: "", candidates: [], confidence: 0 });
    expect(warning).not.toBe("");
  });

  test("spent wall time is a normal end with the best so far", async () => {
    const endless = {
      script: (path: readonly string[]) => ({
        text: `${path.length} + 1 = ${path.length + 1}\n`,
        finish: "STEP" as const,
      }),
      stepMs: 20,
    };
    const { solve, generator } = await start(endless);
    const budget = { wallTime: { seconds: 0, nanos: 150_000_000 } };
    const { stopReason } = solvedOf(
      await solve({ problem: PROBLEM, strategy: "STRATEGY_BEAM", n: 4, budget }),
    );
    expect(stopReason).toBe("STOP_REASON_DEADLINE");
    await expect.poll(() => generator.running(), SOON).toBe(0);
  });

  test("a client that cancels ends the generator's stream and frees its place", async () => {
    const { client, generator, prm } = await start({ stepMs: 100, env: { VERIFIER_MAX_SEARCHES: "1" } });
    const controller = new AbortController();
    const events = client.solve(
      { problem: PROBLEM, strategy: "STRATEGY_BEAM", n: 4 },
      { signal: controller.signal },
    );
    const reading = (async () => {
      for await (const { event } of events)
        if (event === "planChosen") controller.abort(new Error("never mind"));
    })();
    await expect(reading).rejects.toThrow("never mind");
    await expect.poll(() => generator.cancelled(), SOON).toBe(1);
    await expect.poll(() => prm!.sessions(), SOON).toBe(0);
    const again = await rig!.solve({ problem: PROBLEM, strategy: "STRATEGY_GREEDY" });
    expect(solvedOf(again).answer).toBe("9");
  });

  test("a deadline reaches the generator", async () => {
    const { client, generator } = await start({ stepMs: 30_000 });
    const events = client.solve(
      { problem: PROBLEM, strategy: "STRATEGY_BEST_OF_N", n: 2 },
      { deadlineMs: 2000 },
    );
    const reading = (async () => {
      for await (const _ of events);
    })();
    await expect(reading).rejects.toMatchObject({ code: "deadline_exceeded" });
    await expect.poll(() => generator.cancelled(), SOON).toBe(1);
  });

  test("a generator that dies mid-search is UNAVAILABLE with its address, and nothing stays behind", async () => {
    const { solve, generator, prm } = await start({ stepMs: 100 });
    const solving = solve({ problem: PROBLEM, strategy: "STRATEGY_BEST_OF_N", n: 4 });
    const failed = expect(solving).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(generator.address),
    });
    await expect.poll(() => generator.grows.length, SOON).toBeGreaterThan(0);
    await generator.kill();
    await failed;
    await expect.poll(() => prm!.sessions(), SOON).toBe(0);
  });

  test("more searches than places are RESOURCE_EXHAUSTED with a time to retry", async () => {
    const { solve } = await start({ stepMs: 50, env: { VERIFIER_MAX_SEARCHES: "2" } });
    const request: SolveRequest = { problem: PROBLEM, strategy: "STRATEGY_GREEDY" };
    const ends = await Promise.allSettled([solve(request), solve(request), solve(request)]);
    const refused = ends.filter((end) => end.status === "rejected");
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toMatchObject({
      code: "resource_exhausted",
      details: { reason: "TOO_MANY_SEARCHES", retryAfterMs: 1000 },
    });
  });
});

describe("Solve refuses", () => {
  const refusals: [string, SolveRequest, string][] = [
    ["an empty problem", { problem: "" }, "problem"],
    ["a blank problem", { problem: "  \n" }, "problem"],
    ["a problem of 10 MB", { problem: "9".repeat(10_000_000) }, "problem"],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what another client may send
    ["an unknown strategy", { strategy: 77 as never }, "strategy"],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what another client may send
    ["an unknown verifier", { verifier: 77 as never }, "verifier"],
    ["n of 0", { n: 0 }, "n"],
    ["n over 256", { n: 257 }, "n"],
    ["n not a multiple of the beam width", { strategy: "STRATEGY_BEAM", n: 10, beamWidth: 4 }, "n"],
    ["a beam without a verifier", { strategy: "STRATEGY_BEAM", verifier: "VERIFIER_NONE" }, "verifier"],
    ["negative FLOPs", { budget: { flops: -1 } }, "budget.flops"],
    ["FLOPs that are no number", { budget: { flops: Number.NaN } }, "budget.flops"],
    ["no tokens at all", { budget: { generatedTokens: 0 } }, "budget.generated_tokens"],
    ["a negative duration", { budget: { wallTime: { seconds: -1 } } }, "budget.wall_time"],
    ["a duration of two signs", { budget: { wallTime: { seconds: 1, nanos: -5 } } }, "budget.wall_time"],
    ["a duration beyond all time", { budget: { wallTime: { seconds: 1e15 } } }, "budget.wall_time"],
    ["a hot temperature", { sampling: { temperature: 11 } }, "sampling.temperature"],
    ["a temperature that is no number", { sampling: { temperature: Number.NaN } }, "sampling.temperature"],
    ["top_p of 0", { sampling: { topP: 0 } }, "sampling.top_p"],
    ["depth 0", { maxDepth: 0 }, "max_depth"],
    ["a seed beyond 2^53", { seed: "18446744073709551615" }, "seed"],
  ];

  test("each with its field named, before anything runs", async () => {
    const { solve, generator } = await start();
    for (const [what, request, field] of refusals) {
      const refused = solve({ problem: PROBLEM, ...request }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(await refused, what).toMatchObject({
        code: "invalid_argument",
        details: { fieldViolations: [{ field }] },
      });
    }
    expect(generator.opens).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { PrmBatcher } from "#verifier/score/prm/batcher.js";
import { createLogProbAdapter } from "#verifier/score/prm/adapters/log-prob.js";
import { createPrmEngine } from "#verifier/score/prm/engine.js";
import { FEATURE_COUNT } from "#verifier/score/prm/features.js";
import type { PrmHead } from "#verifier/score/prm/head.js";
import type { WorkerHost } from "#shared/lm/runtime/worker-host.js";
import { connectPrm, type PrmScorer } from "#verifier/score/prm/prm-host.js";
import { selfCheck, toStep } from "#verifier/score/prm/self-check.js";
import type { PrmTokenizer } from "#verifier/score/prm/tokenizer.js";
import { createPrmMethods, type PrmMethods } from "#verifier/score/prm/worker-methods.js";
import { type FakeModel, fakeLanguageModel } from "../../../../fakes/language-model.js";

/** One token per character. */
const byteTokenizer: PrmTokenizer = {
  encodePrompt: (problem) => [1, ...Buffer.from(problem)],
  encodeStep: (text) => [...Buffer.from(text)],
  pieces: (tokenIds) => tokenIds.map((id) => String.fromCodePoint(id)),
};

/** Believes in short steps: the score falls with the number of tokens (the step's summed log-prob). */
const shortIsGood: PrmHead = {
  mean: new Float32Array(FEATURE_COUNT),
  std: new Float32Array(FEATURE_COUNT).fill(1),
  hiddenWeight: Float32Array.from({ length: FEATURE_COUNT }, (_, i) => (i === 1 ? 0.02 : 0)),
  hiddenBias: Float32Array.of(0.5),
  outputWeight: Float32Array.of(4),
  outputBias: 0,
};

const signal = new AbortController().signal;

async function start(model: FakeModel = fakeLanguageModel()) {
  const limits = { maxBatchTokens: 64, maxKvBytes: 1 << 20, maxWaitingSteps: 64 };
  const reader = { tokenizer: byteTokenizer, head: shortIsGood, vocabularySize: model.info.vocabularySize };
  const batcher = new PrmBatcher(model, createLogProbAdapter(reader), limits);
  const methods = createPrmMethods(createPrmEngine(model.info, batcher));
  const scorer: PrmScorer = await connectPrm(inPlace(methods));
  return { scorer, model, batcher };
}

/** The Worker's methods called on this thread; arguments and results are copied as messages are. */
function inPlace(methods: PrmMethods): Pick<WorkerHost<PrmMethods>, "call" | "dispose"> {
  return {
    async call(method, args, abort) {
      abort?.throwIfAborted();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of a union of methods
      const run = methods[method] as (args: unknown) => Promise<never>;
      const aborted = new Promise<never>((_resolve, reject) =>
        abort?.addEventListener("abort", () => reject(abort.reason)),
      );
      return structuredClone(await Promise.race([run(structuredClone(args)), aborted]));
    },
    dispose: async () => undefined,
  };
}

describe("PRM host", () => {
  test("scores, counts its tokens and frees its paths", async () => {
    const { scorer, batcher, model } = await start();
    const session = await scorer.open("3*4?", signal);
    expect(session.promptTokens).toBe(5);
    const [short, long] = await session.score([
      toStep("3*4=12", 1, 0),
      toStep("3*4=12 or perhaps 13?", 2, 0),
    ]);
    expect(short).toBeGreaterThan(long!);
    expect(session.usage()).toEqual({ verifierTokens: 5 + 6 + 21, flops: 32 * model.info.flopsPerToken });
    session.prune([2]);
    await expect(session.score([toStep("x", 3, 2)])).rejects.toMatchObject({
      code: "not_found",
      name: "ServiceError",
    });
    session.close();
    session.close();
    await expect.poll(() => batcher.usedBytes).toBe(0);
  });

  test("its statistics follow what waits and what is kept", async () => {
    const { scorer, batcher } = await start();
    const opening = scorer.open("3*4?", signal);
    expect(scorer.stats()).toEqual({ sessions: 1, waitingSteps: 0, usedKvBytes: 0 });
    const session = await opening;
    const scoring = session.score([toStep("3*4=12", 1, 0), toStep("3", 2, 0)]);
    expect(scorer.stats()).toMatchObject({ sessions: 1, waitingSteps: 2 });
    await scoring;
    expect(scorer.stats()).toEqual({ sessions: 1, waitingSteps: 0, usedKvBytes: batcher.usedBytes });
    expect(batcher.usedBytes).toBeGreaterThan(0);
    await expect(session.score([toStep("", 3, 0)])).rejects.toThrow("text");
    await expect(scorer.open("p", AbortSignal.abort(new Error("given up")))).rejects.toThrow("given up");
    session.close();
    session.close();
    await expect.poll(() => scorer.stats()).toEqual({ sessions: 0, waitingSteps: 0, usedKvBytes: 0 });
  });

  test("an empty step is invalid_argument and no score is made up for it", async () => {
    const { scorer } = await start();
    const session = await scorer.open("p", signal);
    await expect(session.score([toStep("", 1, 0)])).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("an open that is given up leaves no session behind", async () => {
    const { scorer, batcher } = await start();
    const controller = new AbortController();
    const opening = scorer.open("p", controller.signal);
    controller.abort(new Error("given up"));
    await expect(opening).rejects.toThrow("given up");
    await expect.poll(() => batcher.sessionCount).toBe(0);
  });
});

describe("self-check", () => {
  test("passes when the known good solution is scored well above the known bad one", async () => {
    const { scorer } = await start();
    const check = { problem: "p", good: ["1+1=2", "2"], bad: ["1+1=3", `3${"?".repeat(60)}`] };
    const { good, bad } = await selfCheck(scorer, check, signal);
    expect(good - bad).toBeGreaterThan(0.2);
  });

  test("refuses, with both numbers, when they do not separate", async () => {
    const { scorer, batcher } = await start();
    const check = { problem: "p", good: ["1+1=2"], bad: ["1+1=3"] };
    await expect(selfCheck(scorer, check, signal)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/0\.2 above .* got 0\.\d+ and 0\.\d+/),
    });
    await expect.poll(() => batcher.sessionCount).toBe(0);
  });
});

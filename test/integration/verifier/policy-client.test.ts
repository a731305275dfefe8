import { afterEach, describe, expect, test } from "vitest";
import { createPolicyClient, type PolicyClient } from "#verifier/policy-client/policy-client.js";
import type { GrowRequest, PolicySession, StepSample } from "#verifier/ports.js";
import type { Tensor } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
import { type FakeGenerator, type Script, startFakeGenerator } from "../../fakes/generator-server.js";

/** The machine may be busy. */
const SOON = { timeout: 10_000 };
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
/** Three steps to a solution; each says where it is in the tree. */
const threeSteps: Script = (path, childIndex) => ({
  text: `${path.length}.${childIndex} `,
  finish: path.length === 2 ? "EOS" : "STEP",
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(
  script: Script,
  stepMs = 0,
): Promise<{ generator: FakeGenerator; policy: PolicyClient }> {
  const generator = await startFakeGenerator({ script, stepMs });
  const policy = createPolicyClient(generator.address);
  cleanups.push(
    () => generator.kill(),
    () => policy.close(),
  );
  return { generator, policy };
}

const halves = (...bits: number[]): Buffer => Buffer.from(Uint16Array.from(bits).buffer);

async function collect(steps: AsyncIterable<StepSample>): Promise<StepSample[]> {
  const result: StepSample[] = [];
  for await (const step of steps) result.push(step);
  return result;
}

const grow = (session: PolicySession, nodeId: number, count: number, until: GrowRequest["until"] = "step") =>
  collect(session.grow({ nodeId, count, until }));

describe("policy client", () => {
  test("nothing at the address is unavailable, and says which address", async () => {
    const policy = createPolicyClient("127.0.0.1:9");
    cleanups.push(() => policy.close());
    await expect(policy.open("p", {}, signal())).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("127.0.0.1:9"),
    });
  });

  test("tells the model's facts and what a session needs", async () => {
    const { generator, policy } = await start(threeSteps);
    expect(await policy.info(signal())).toMatchObject({
      model: "scripted",
      contextLength: 256,
      hiddenStateCount: 3,
      vocabularySize: 50,
      precision: "fp32",
      chatTemplateHash: "cd".repeat(32),
    });
    const probe = {
      name: "swift",
      input: "hidden" as const,
      modelHash: "ab",
      weights: Float32Array.of(1, 2, 3),
      shape: [1, 3] as const,
    };
    const sampling = { temperature: 0.5, order: "filter_first" as const, stop: ["END"] };
    const probes = [
      probe,
      { ...probe, input: "hidden_final_norm" as const },
      { ...probe, input: "logits" as const },
    ];
    const includeHiddenStates = true;
    const options = { seed: 7, probes, includeHiddenStates, sampling, priority: -2, cacheSalt: "tenant" };
    const session = await policy.open("1+1?", options, signal());
    expect(session.promptTokens).toBe(3);
    await session.close();
    const open = generator.opens[0]!;
    expect(open.messages!.messages).toEqual([{ role: "user", content: "1+1?" }]);
    expect(open).toMatchObject({ seed: 7, includeHiddenStates, priority: -2, cacheSalt: "tenant" });
    expect(open.probes.map(({ input }) => input)).toEqual([
      "PROBE_INPUT_HIDDEN_STATES",
      "PROBE_INPUT_HIDDEN_STATES_FINAL_NORM",
      "PROBE_INPUT_LOGITS",
    ]);
    expect(open.sampling).toMatchObject({
      temperature: 0.5,
      order: "SAMPLING_ORDER_FILTER_FIRST",
      stop: ["END"],
    });
    const bytes = open.probes[0]!.weights!.data;
    expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual([1, 2, 3]);
  });

  test("what the generator tells beside a step's text arrives as numbers", async () => {
    const { policy } = await start((path) => ({
      text: "ab",
      finish: "STEP",
      // 1, -2, 65504, a subnormal; the others 0. Of the first token only.
      hiddenStates: {
        dataType: "DATA_TYPE_FLOAT16",
        shape: [1, 6],
        data: halves(0x3c00, 0xc000, 0x7bff, 1, 0, 0),
      },
      ...(path.length === 0 && { nextEntropy: 0.25 }),
    }));
    const session = await policy.open("p", { includeHiddenStates: true }, signal());
    const [step] = await grow(session, 0, 1);
    expect(step!.nextEntropy).toBe(0.25);
    expect(step!.hiddenStates).toEqual(Float32Array.of(1, -2, 65504, 2 ** -24, 0, 0));
    expect((await grow(session, step!.nodeId, 1))[0]).not.toHaveProperty("nextEntropy");
    await session.close();
  });

  test("the prompt's probe is asked for last, and its outputs are the session's, not the steps'", async () => {
    const floats = Float32Array.of(10, 11, 99, 20, 21, 99);
    const { generator, policy } = await start(() => ({
      text: "ab",
      finish: "STEP",
      probeOutputs: Buffer.from(floats.buffer),
    }));
    const probe = (name: string) => ({
      name,
      input: "hidden" as const,
      modelHash: "ab",
      weights: Float32Array.of(1),
      shape: [1, 1] as const,
    });
    const probes = [probe("gate"), probe("reward")];
    const session = await policy.open("p", { probes, promptProbe: probe("difficulty") }, signal());
    expect(generator.opens[0]!.probes.map(({ name }) => name)).toEqual(["gate", "reward", "difficulty"]);
    expect(generator.opens[0]!.includePromptProbe).toBe(true);
    expect(session.promptOutputs).toEqual([3]);
    const [step] = await grow(session, 0, 1);
    expect(step!.probeOutputs).toEqual(Float32Array.of(10, 11, 20, 21));
    await session.close();
    const plain = await policy.open("p", { probes }, signal());
    expect(plain.promptOutputs).toEqual([]);
    expect(generator.opens[1]!.includePromptProbe).toBe(false);
    await plain.close();
  });

  test.each<[string, Tensor]>([
    ["of float32", { dataType: "DATA_TYPE_FLOAT32", shape: [1, 6], data: Buffer.alloc(24) }],
    ["of another width", { dataType: "DATA_TYPE_FLOAT16", shape: [1, 5], data: Buffer.alloc(10) }],
    [
      "of more tokens than there are",
      { dataType: "DATA_TYPE_FLOAT16", shape: [3, 6], data: Buffer.alloc(36) },
    ],
    ["of three dimensions", { dataType: "DATA_TYPE_FLOAT16", shape: [1, 6, 1], data: Buffer.alloc(12) }],
    ["cut short", { dataType: "DATA_TYPE_FLOAT16", shape: [1, 6], data: Buffer.alloc(11) }],
  ])("hidden states %s are the generator's fault", async (_title, hiddenStates) => {
    const { policy } = await start(() => ({ text: "ab", finish: "STEP", hiddenStates }));
    const session = await policy.open("p", { includeHiddenStates: true }, signal());
    await expect(grow(session, 0, 1)).rejects.toMatchObject({ code: "internal" });
    await session.close();
  });

  test("a model without a chat template gets the problem as it is", async () => {
    const generator = await startFakeGenerator({ script: threeSteps, info: { hasChatTemplate: false } });
    const policy = createPolicyClient(generator.address);
    cleanups.push(
      () => generator.kill(),
      () => policy.close(),
    );
    const session = await policy.open("Once", {}, signal());
    await session.close();
    expect(generator.opens[0]).toMatchObject({ prompt: "Once" });
  });

  test("grows under way at the same time get their own steps, also twice the same node", async () => {
    const { policy } = await start(threeSteps);
    const session = await policy.open("p", {}, signal());
    const [first, second] = await Promise.all([grow(session, 0, 2), grow(session, 0, 3)]);
    expect(first.map(({ text }) => text)).toEqual(["0.0 ", "0.1 "]);
    expect(second.map(({ text }) => text)).toEqual(["0.2 ", "0.3 ", "0.4 "]);
    const [a, b] = await Promise.all([
      grow(session, first[0]!.nodeId, 2),
      grow(session, second[2]!.nodeId, 1),
    ]);
    expect(a.map(({ parentId }) => parentId)).toEqual([first[0]!.nodeId, first[0]!.nodeId]);
    expect(b[0]!.parentId).toBe(second[2]!.nodeId);
    expect(b[0]!.logProbs).toHaveLength(b[0]!.tokenIds.length);
    const usage = await session.close();
    expect(usage).toMatchObject({ promptTokens: 3, generatedTokens: 8 * 4, cancelledTokens: 0 });
    expect(await session.close()).toEqual(usage);
  });

  test("a grow to the end yields chains, parents before children", async () => {
    const { policy } = await start(threeSteps);
    const session = await policy.open("p", {}, signal());
    const steps = await grow(session, 0, 4, "end");
    expect(steps).toHaveLength(12);
    const seen = new Set([0]);
    for (const step of steps) {
      expect(seen.has(step.parentId)).toBe(true);
      seen.add(step.nodeId);
    }
    expect(steps.filter(({ finishReason }) => finishReason === "eos")).toHaveLength(4);
    await session.close();
  });

  test("a generator that dies rejects what runs and what comes with unavailable", async () => {
    const { generator, policy } = await start(threeSteps, 30);
    const session = await policy.open("p", {}, signal());
    const running = grow(session, 0, 2, "end");
    const failed = expect(running).rejects.toMatchObject({ code: "unavailable" });
    await new Promise((resolve) => setTimeout(resolve, 45));
    await generator.kill();
    await failed;
    await expect(grow(session, 0, 1)).rejects.toMatchObject({ code: "unavailable" });
    expect((await session.close()).promptTokens).toBe(3);
  });

  test("aborting the signal cancels the call on the generator's side", async () => {
    const { generator, policy } = await start(threeSteps, 50);
    const controller = new AbortController();
    const session = await policy.open("p", {}, controller.signal);
    const running = grow(session, 0, 2);
    const failed = expect(running).rejects.toThrow("enough");
    controller.abort(new Error("enough"));
    await failed;
    await expect.poll(() => generator.cancelled(), SOON).toBe(1);
    await session.close();
  });

  test("closing early prunes what runs instead of waiting for the end of every text", async () => {
    const endless: Script = (path) => ({ text: `${path.length} `, finish: "STEP" });
    const { generator, policy } = await start(endless, 10);
    const session = await policy.open("p", {}, signal());
    for await (const step of session.grow({ nodeId: 0, count: 2, until: "end" }))
      if (step.parentId !== 0) break;
    const usage = await session.close();
    expect(usage.cancelledTokens).toBeGreaterThan(0);
    expect(generator.running()).toBe(0);
    expect(generator.cancelled()).toBe(0);
  });

  test("pruning the prompt ends every row, also those that have shown no step yet", async () => {
    const endless: Script = (path) => ({ text: `${path.length} `, finish: "STEP" });
    const { policy } = await start(endless, 10);
    const session = await policy.open("p", {}, signal());
    const running = grow(session, 0, 3, "end");
    session.prune([0]);
    const steps = await running;
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(Array(3).fill("cancelled"));
    expect((await grow(session, 0, 1))[0]!.finishReason).toBe("step");
    await session.close();
  });

  test("a reader that does not read holds the generator's stream back", async () => {
    const { generator, policy } = await start((path, child) => ({
      text: `${path.length}.${child}`.repeat(40),
      finish: "STEP",
    }));
    const session = await policy.open("p", {}, signal());
    const steps = session.grow({ nodeId: 0, count: 1200, until: "step" });
    let before = -1;
    while (generator.sent() !== before || before < 512) {
      before = generator.sent();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(before).toBeLessThan(1100);
    // Read in the end, everything arrives.
    expect(await collect(steps)).toHaveLength(1200);
    await session.close();
  });

  test("a refusal of the generator passes unchanged", async () => {
    const { policy } = await start(threeSteps);
    const session = await policy.open("p", {}, signal());
    await expect(grow(session, 99, 1)).rejects.toMatchObject({
      code: "not_found",
      message: "node 99 must be live",
    });
    await session.close();
  });
});

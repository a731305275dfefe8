import { describe, expect, test } from "vitest";
import { StateRecord } from "#generator/engine/state-record.js";
import { summarize } from "#generator/sampling/distribution.js";
import { fromHalf, toHalf } from "#shared/half.js";
import type { Sampling, SamplingRequest } from "#generator/engine/types.js";
import { PLAIN_SAMPLING } from "#generator/sampling/params.js";
import { BOS, byteTokenizer } from "../../../fakes/byte-tokenizer.js";
import { byPlace, createTestEngine, readEvents, stepsOf } from "../../../fakes/local-engine.js";
import { hiddenOf, logitsOf, probeOf } from "../../../fakes/path-model.js";
import { type ReferenceRequest, type ReferenceStep, referenceGrow } from "../../../fakes/reference-growth.js";

const PROMPT = [BOS, ...Buffer.from("1+1=")];

function reference(
  places: readonly (readonly number[])[],
  request: Partial<ReferenceRequest> = {},
): ReferenceStep[] {
  const sampling: Sampling = { ...PLAIN_SAMPLING, ...request.sampling };
  return places.flatMap((place) =>
    referenceGrow({
      promptTokenIds: PROMPT,
      seed: 7,
      delimiter: "\n",
      until: "end",
      ...request,
      sampling,
      place,
    }),
  );
}

async function growToEnd(count: number, sampling: SamplingRequest = {}, delimiter = "\n") {
  const { engine, open, settle, model } = createTestEngine();
  const session = await open({ sampling, stepDelimiter: delimiter });
  void session.grow({ nodeId: 0, count, until: "end" });
  session.end();
  await settle();
  return { engine, model, events: await readEvents(session) };
}

describe("what grows", () => {
  const cases: readonly [string, SamplingRequest, string][] = [
    ["the model's own distribution", {}, "\n"],
    ["greedy", { temperature: 0 }, "\n"],
    ["a hot, filtered distribution", { temperature: 1.5, topK: 6, topP: 0.9, minP: 0.02 }, "\n"],
    ["a repetition penalty", { repetitionPenalty: 1.7 }, "\n"],
    ["a delimiter of several tokens", { stop: ["ea", "\n\n"] }, "a\n"],
    ["stop strings over several steps", { stop: ["\nb", "c\na"] }, "\n"],
  ];

  test.each(cases)("equals one candidate at a time: %s", async (_, sampling, delimiter) => {
    const { events } = await growToEnd(9, sampling, delimiter);
    const places = Array.from({ length: 9 }, (_unused, index) => [index]);
    const expected = reference(places, { sampling: { ...PLAIN_SAMPLING, ...sampling }, delimiter });
    const grown = byPlace(stepsOf(events));
    expect([...grown.keys()].sort()).toEqual(expected.map((step) => step.place).sort());
    for (const step of expected) {
      const { tokenIds, text, finishReason, logProbs } = step;
      expect(grown.get(step.place)).toMatchObject({ tokenIds, text, finishReason, logProbs });
    }
  });

  test("to the end is the same as step by step", async () => {
    const atOnce = byPlace(stepsOf((await growToEnd(6)).events));
    const { open, settle } = createTestEngine();
    const session = await open();
    const grows = [{ nodeId: 0, count: 6 }];
    const steps = [];
    for (let request = grows.shift(); request !== undefined; request = grows.shift()) {
      const accepted = session.grow({ ...request, until: "step" });
      await settle();
      await accepted;
      const found = stepsOf(await readEvents(session, request.count + 1));
      steps.push(...found);
      for (const step of found)
        if (step.finishReason === "step") grows.push({ nodeId: step.nodeId, count: 1 });
    }
    const oneByOne = byPlace(steps);
    expect([...oneByOne.keys()].sort()).toEqual([...atOnce.keys()].sort());
    for (const [place, step] of oneByOne)
      expect(step).toMatchObject({ tokenIds: atOnce.get(place)!.tokenIds, text: atOnce.get(place)!.text });
  });

  test("is the same beside other sessions, whose rows share its steps", async () => {
    const alone = byPlace(stepsOf((await growToEnd(3)).events));
    const { open, settle, model } = createTestEngine();
    const other = await open({ prompt: { kind: "text", text: "what?" }, seed: 1 });
    const session = await open();
    void other.grow({ nodeId: 0, count: 3, until: "end" });
    void session.grow({ nodeId: 0, count: 3, until: "end" });
    session.end();
    await settle();
    const beside = byPlace(stepsOf(await readEvents(session)));
    expect(model.calls).toContainEqual({ rows: 6 });
    for (const [place, step] of alone) expect(beside.get(place)?.tokenIds).toEqual(step.tokenIds);
  });

  test("gives later grows of a node the next child indices", async () => {
    const { open, settle } = createTestEngine();
    const session = await open();
    void session.grow({ nodeId: 0, count: 2, until: "end" });
    void session.grow({ nodeId: 0, count: 3, until: "end" });
    session.end();
    await settle();
    const events = await readEvents(session);
    const grown = byPlace(stepsOf(events));
    for (const step of reference([[0], [1], [2], [3], [4]]))
      expect(grown.get(step.place)?.tokenIds).toEqual(step.tokenIds);
    expect(events.filter((event) => event.kind === "grown").map((event) => event.count)).toEqual([2, 3]);
  });

  test("can have its own sampling", async () => {
    const { open, settle } = createTestEngine();
    const session = await open({ sampling: { temperature: 2 } });
    expect(session.opened.sampling).toEqual({ ...PLAIN_SAMPLING, temperature: 2 });
    void session.grow({ nodeId: 0, count: 1, until: "end", sampling: { temperature: 0 } });
    session.end();
    await settle();
    const [step] = stepsOf(await readEvents(session));
    expect(step?.tokenIds).toEqual(
      reference([[0]], { sampling: { ...PLAIN_SAMPLING, temperature: 0 } })[0]?.tokenIds,
    );
  });
});

describe("a step", () => {
  test("reports a parent before its children and all steps before Grown", async () => {
    const { events } = await growToEnd(8);
    const seen = new Set([0]);
    for (const step of stepsOf(events)) {
      expect(seen.has(step.parentId)).toBe(true);
      seen.add(step.nodeId);
    }
    expect(events.slice(-2).map((event) => event.kind)).toEqual(["grown", "closed"]);
  });

  test("has the log-probability and entropy of each token under the model itself", async () => {
    const { events } = await growToEnd(2, { temperature: 2, topK: 3 });
    const step = byPlace(stepsOf(events)).get("/1")!;
    step.tokenIds.forEach((tokenId, t) => {
      const logits = [...logitsOf([...PROMPT, ...step.tokenIds.slice(0, t)])];
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const p = logits.map((logit) => Math.exp(logit) / total);
      expect(step.logProbs[t]).toBeCloseTo(Math.log(p[tokenId]!), 5);
      expect(step.entropies[t]).toBeCloseTo(-p.reduce((sum, q) => sum + q * Math.log(q), 0), 5);
    });
  });

  test("runs the last token of a text only for probes", async () => {
    const without = createTestEngine();
    const session = await without.open({ stepDelimiter: "never" });
    void session.grow({ nodeId: 0, count: 1, until: "end", maxTokens: 1 });
    await without.settle();
    expect(without.model.calls).toEqual([{ prefill: PROMPT.length }]);
  });

  test("has a row of probe outputs for every token, of all probes in order", async () => {
    const { open, settle, model } = createTestEngine();
    const weights = [
      Float32Array.from([1, 0, 0, 0, 0, 0]),
      Float32Array.from({ length: 12 }, (_, i) => i - 5),
    ];
    const onLogits = Float32Array.from({ length: 258 }, (_, id) => (id % 7) - 3);
    const modelHash = model.info.hash;
    const session = await open({
      probes: [
        { name: "a", input: "hidden", modelHash, weights: weights[0]!, shape: [1, 6] },
        { name: "b", input: "hidden", modelHash, weights: weights[1]!, shape: [2, 6] },
        { name: "c", input: "logits", modelHash, weights: onLogits, shape: [1, 258] },
        { name: "d", input: "hidden_final_norm", modelHash, weights: weights[1]!, shape: [2, 6] },
      ],
      includePromptProbe: true,
    });
    void session.grow({ nodeId: 0, count: 4, until: "end" });
    session.end();
    await settle();
    const outputsOf = (path: readonly number[]): number[] => [
      ...probeOf(path, { input: "hidden", weights: weights[0]!, outputs: 1 }),
      ...probeOf(path, { input: "hidden", weights: weights[1]!, outputs: 2 }),
      ...probeOf(path, { input: "logits", weights: onLogits, outputs: 1 }),
      ...probeOf(path, { input: "hidden_final_norm", weights: weights[1]!, outputs: 2 }),
    ];
    expect(session.opened.promptProbe).toBeAllclose(outputsOf(PROMPT), { rtol: 1e-6 });
    expect(session.opened.promptProbe[0]).toBeCloseTo(hiddenOf(PROMPT)[0]!, 6);
    const grown = byPlace(stepsOf(await readEvents(session)));
    for (const [place, step] of grown) {
      const above = grown.get(place.slice(0, place.lastIndexOf("/")));
      if (place.split("/").length > 3) continue;
      const before = [...PROMPT, ...(above?.tokenIds ?? [])];
      const rows = step.tokenIds.flatMap((_, t) => outputsOf([...before, ...step.tokenIds.slice(0, t + 1)]));
      expect(step.probeOutputs).toBeAllclose(rows, { rtol: 1e-6 });
    }
  });

  test("tells the entropy after its last token where the text goes on, and where the token was run anyway", async () => {
    const modelHash = createTestEngine().model.info.hash;
    const weights = new Float32Array(6);
    const probe = { name: "a", input: "hidden", modelHash, weights, shape: [1, 6] } as const;
    const seen = new Set<string>();
    for (const probes of [[], [probe]]) {
      const { open, settle } = createTestEngine();
      const session = await open({ probes });
      void session.grow({ nodeId: 0, count: 12, until: "step", maxTokens: 5 });
      session.end();
      await settle();
      for (const { tokenIds, finishReason, nextEntropy } of stepsOf(await readEvents(session))) {
        seen.add(`${finishReason} ${probes.length}`);
        const known = finishReason === "step" || (finishReason === "length" && probes.length > 0);
        const { entropy } = summarize(logitsOf([...PROMPT, ...tokenIds]));
        if (known) expect(nextEntropy).toBeCloseTo(entropy, 6);
        else expect(nextEntropy).toBeUndefined();
      }
    }
    for (const end of ["step", "length", "eos"])
      for (const probes of [0, 1]) expect(seen).toContain(`${end} ${probes}`);
  });

  test("has its tokens' hidden states when asked for, rounded to half once", async () => {
    const { open, settle } = createTestEngine();
    const session = await open({ includeHiddenStates: true });
    void session.grow({ nodeId: 0, count: 6, until: "step" });
    session.end();
    await settle();
    for (const { tokenIds, hiddenStates } of stepsOf(await readEvents(session))) {
      const states = tokenIds.flatMap((_, t) => [...hiddenOf([...PROMPT, ...tokenIds.slice(0, t + 1)])]);
      expect([...hiddenStates!].map(fromHalf)).toEqual(states.map((value) => fromHalf(toHalf(value))));
    }
  });

  test("has the states of as many tokens as an event holds", () => {
    // 1.5 MiB a token.
    const record = new StateRecord(786_432);
    expect(record.hasRoom).toBe(true);
    record.push(new Float32Array(786_432).fill(1e9));
    record.push(new Float32Array(786_432).fill(-1));
    expect(record.hasRoom).toBe(false);
    const values = record.values();
    expect(values.byteLength).toBe(3 * 2 ** 20);
    expect([values[0], values.at(-1)].map((half) => fromHalf(half!))).toEqual([65504, -1]);
    expect(new StateRecord(2_000_000).hasRoom).toBe(false);
  });

  test("ends with length at max_tokens, counted over the steps of a path, and when the context is full", async () => {
    const { open, settle } = createTestEngine({ info: { contextLength: 9 } });
    const session = await open({ stepDelimiter: "never" });
    void session.grow({ nodeId: 0, count: 3, until: "end", maxTokens: 2 });
    void session.grow({ nodeId: 0, count: 3, until: "end" });
    session.end();
    await settle();
    const steps = stepsOf(await readEvents(session));
    const wanted = [0, 1, 2, 3, 4, 5].map((index) =>
      reference([[index]], { delimiter: "never", contextLength: 9, ...(index < 3 ? { maxTokens: 2 } : {}) }),
    );
    for (const { childIndex, tokenIds, finishReason } of steps)
      expect({ tokenIds, finishReason }).toMatchObject({
        tokenIds: wanted[childIndex]![0]!.tokenIds,
        finishReason: wanted[childIndex]![0]!.finishReason,
      });
    expect(steps).toHaveLength(6);
    expect(steps.some((step) => step.finishReason === "length")).toBe(true);
    const { text } = steps[0]!;
    expect(text).toBe(byteTokenizer.decode(steps[0]!.tokenIds));
  });
});

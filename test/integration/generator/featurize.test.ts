/** Features of given texts on real tensors: the same as what a session tells of these tokens while it samples them. */
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FeatureChunkEvent, FeatureEvent, Features, Probe, StepEvent } from "#generator/engine/types.js";
import { halfValues } from "#shared/half.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, ProbeInput } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { EOS } from "../../fakes/byte-tokenizer.js";
import { byPlace, engineOn, readEvents, stepsOf, type TestEngine } from "../../fakes/local-engine.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { tinySource } from "../../fakes/tiny-checkpoint.js";
import { tinyFamily } from "../../fakes/tiny-families.js";

const prompt = { kind: "text", text: "what is said here is of no importance" } as const;
let model: LanguageModel;

beforeAll(async () => {
  // A norm with an offset, soft-caps and windows.
  const config = { ...tinyFamily("gemma2, scores not scaled"), vocabSize: 258, eosTokenIds: [EOS] };
  const cacheDir = await temporaryDirectory();
  model = await createLanguageModel(tinySource(config), { precision: "fp32", threads: 2, cacheDir });
});
afterAll(() => model.dispose());

function randomProbe(input: ProbeInput): Probe {
  const { vocabularySize, hiddenStateCount, hiddenSize, hash: modelHash } = model.info;
  const width = input === "logits" ? vocabularySize : hiddenStateCount * hiddenSize;
  const rng = createRng(input);
  return {
    name: input,
    input,
    modelHash,
    weights: Float32Array.from({ length: 2 * width }, () => rng.normal() / Math.sqrt(width)),
    shape: [2, width],
  };
}

/** Whole texts of a session with every kind of probe: each the steps from the prompt down. */
async function sample({ open, settle }: TestEngine<LanguageModel>, probes: readonly Probe[]) {
  const session = await open({ prompt, probes, includeHiddenStates: true, stepDelimiter: "e" });
  void session.grow({ nodeId: 0, count: 6, until: "end", maxTokens: 150, sampling: { topK: 40 } });
  session.end();
  await settle();
  const steps = byPlace(stepsOf(await readEvents(session)));
  const places = [...steps.keys()];
  const ends = places.filter((place) => !places.some((other) => other.startsWith(`${place}/`)));
  return ends.map((end) => {
    const parts = end.split("/").slice(1);
    return parts.map((_, depth): StepEvent => steps.get(`/${parts.slice(0, depth + 1).join("/")}`)!);
  });
}

async function featurize(
  { engine, settle }: TestEngine<LanguageModel>,
  texts: readonly (readonly number[])[],
  features: Features,
): Promise<FeatureChunkEvent[][]> {
  const events: FeatureEvent[] = [];
  const continuations = texts.map((tokenIds) => ({ kind: "tokens", tokenIds }) as const);
  const request = { prompt, continuations, features, priority: 0 };
  const reading = (async () => {
    for await (const event of engine.featurize(request, new AbortController().signal)) events.push(event);
  })();
  while (events.at(-1)?.kind !== "featurized") {
    await turn();
    await settle();
  }
  await reading;
  const chunks = events.filter((event) => event.kind === "chunk");
  return texts.map((_, index) => chunks.filter(({ continuation }) => continuation === index));
}

const numbers = (halves: Uint16Array): number[] => [...halves].map((half) => halfValues()[half]!);

/** [tokens, 2] of values [tokens, width]. */
function productsOf({ weights, shape: [outputs, width] }: Probe, values: readonly number[]): number[] {
  return Array.from({ length: (values.length / width) * outputs }, (_, i) => {
    const [token, output] = [Math.floor(i / outputs), i % outputs];
    let sum = 0;
    for (let k = 0; k < width; k++) sum += weights[output * width + k]! * values[token * width + k]!;
    return sum;
  });
}

test("texts that were sampled are given the same log-probs, entropies, states and probe outputs", async () => {
  const rig = engineOn(model, { limits: { maxKvBytes: 2 ** 26 } });
  const probes = (["hidden", "hidden_final_norm", "logits"] as const).map(randomProbe);
  const texts = await sample(rig, probes);
  const tokenIds = texts.map((steps) => steps.flatMap((step) => step.tokenIds));
  // Some in one run with others, some in several runs.
  expect(Math.max(...tokenIds.map(({ length }) => length))).toBeGreaterThan(128);
  expect(Math.min(...tokenIds.map(({ length }) => length))).toBeLessThan(128);
  const [states, logits] = [
    await featurize(rig, tokenIds, "hidden"),
    await featurize(rig, tokenIds, "logits"),
  ];
  for (const [i, steps] of texts.entries()) {
    const outputs = steps.flatMap((step) => [...step.probeOutputs]);
    const column = (probe: number): number[] => outputs.filter((_, at) => Math.floor((at % 6) / 2) === probe);
    for (const chunks of [states[i]!, logits[i]!]) {
      expect(chunks.flatMap((chunk) => chunk.tokenIds)).toEqual(tokenIds[i]);
      const logProbs = chunks.flatMap((chunk) => chunk.logProbs);
      expect(logProbs).toBeAllclose(
        steps.flatMap((step) => step.logProbs),
        { atol: 1e-4 },
      );
      const entropies = chunks.flatMap((chunk) => chunk.entropies);
      expect(entropies).toBeAllclose(
        steps.flatMap((step) => step.entropies),
        { atol: 1e-4 },
      );
      const last = steps.at(-1)!;
      if (last.finishReason === "length")
        expect(chunks.at(-1)!.nextEntropy).toBeCloseTo(last.nextEntropy!, 4);
    }
    const hidden = states[i]!.flatMap((chunk) => numbers(chunk.values));
    const audited = steps.flatMap((step) => numbers(step.hiddenStates!));
    // One unit of binary16 where the two roundings part.
    expect(hidden).toBeAllclose(audited, { atol: 1e-3, rtol: 2e-3 });
    // An audit: the product of the states that came is what the graph said.
    expect(productsOf(probes[0]!, audited)).toBeAllclose(column(0), { atol: 2e-3 });
    expect(
      productsOf(
        probes[2]!,
        logits[i]!.flatMap((chunk) => numbers(chunk.values)),
      ),
    ).toBeAllclose(column(2), {
      atol: 2e-3,
    });
  }
  expect(texts.some((steps) => steps.at(-1)!.finishReason === "length")).toBe(true);
  expect(rig.engine.stats()).toMatchObject({ sessions: 0, usedKvBytes: 0 });
});

test("a text gets the same bits alone and among others", async () => {
  const rig = engineOn(model, { limits: { maxKvBytes: 2 ** 26 } });
  const rng = createRng(5);
  const texts = [20, 31, 5, 140, 12].map((length) => Array.from({ length }, () => 97 + rng.int(20)));
  const together = await featurize(rig, texts, "hidden");
  for (const [i, text] of texts.entries())
    expect((await featurize(rig, [text], "hidden"))[0]).toEqual(
      together[i]!.map((chunk) => ({ ...chunk, continuation: 0 })),
    );
});

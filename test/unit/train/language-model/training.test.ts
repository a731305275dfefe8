import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, suite, test } from "vitest";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { learningRateAt } from "#train/language-model/schedule.js";
import { packBatch } from "#train/language-model/packing.js";
import { trainLanguageModel, type TrainOptions } from "#train/language-model/train.js";

const config: ModelConfig = {
  modelType: "llama",
  vocabSize: 8,
  hiddenSize: 16,
  intermediateSize: 32,
  numLayers: 1,
  numHeads: 2,
  numKvHeads: 1,
  headDim: 8,
  ropeTheta: 10000,
  rmsNormEps: 1e-5,
  contextLength: 32,
  tieWordEmbeddings: true,
  attentionBias: "none",
  mlpBias: false,
  eosTokenIds: [0],
};

/** Counting modulo 8 from a start that depends on the index: learnable at once. */
const counting = (index: number): { tokenIds: number[]; lossWeights: number[] } => ({
  tokenIds: Array.from({ length: 6 }, (_, i) => (index + i) % 8),
  lossWeights: [0, 1, 1, 1, 1, 1],
});

const options: TrainOptions = {
  config,
  shape: { batch: 4, time: 12 },
  schedule: { peakLearningRate: 1e-2, warmupSteps: 5, totalSteps: 40, finalRatio: 0.1 },
  optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
  seed: 1,
  threads: 1,
  documents: counting,
  heldOut: [counting(3), counting(6)],
  every: 10,
};
const never = new AbortController().signal;

suite("packBatch", () => {
  test("a document longer than a row is an error that names both", () => {
    expect(() => packBatch(counting, 0, { batch: 1, time: 5 })).toThrow(/row of 5 tokens, document 0 has 6/);
  });

  test("first fit, nothing cut, positions and segments of each document its own", () => {
    const { batch, nextIndex, tokenCount } = packBatch(counting, 10, { batch: 1, time: 14 });
    expect([nextIndex, tokenCount]).toEqual([12, 12]);
    expect([...batch.positions].map(Number)).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 0]);
    expect([...batch.segments].map(Number)).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0]);
    // The last token of a document predicts nothing, nor does padding.
    expect([...batch.lossWeights]).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0]);
  });
});

test("the learning rate rises linearly and falls along a cosine", () => {
  const schedule = { peakLearningRate: 2, warmupSteps: 4, totalSteps: 12, finalRatio: 0.5 };
  expect([0, 3, 4, 8, 12].map((step) => learningRateAt(step, schedule))).toBeAllclose([0.5, 2, 2, 1.5, 1]);
});

suite("trainLanguageModel", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "deliberate-train-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  test("learns, and says how far it is", async () => {
    const { history } = await trainLanguageModel(options, never);
    expect(history.map((each) => each.step)).toEqual([10, 20, 30, 40]);
    expect(history.at(-1)!.heldOutLoss).toBeLessThan(Math.log(8) / 4);
    expect(history[0]!.heldOutLoss).toBeGreaterThan(history.at(-1)!.heldOutLoss);
    expect(history.at(-1)!.secondsLeft).toBe(0);
  });

  test("an interrupted run goes on to the very parameters of an uninterrupted one", async () => {
    const whole = await trainLanguageModel(options, never);
    const stop = new AbortController();
    const interrupted = trainLanguageModel(
      { ...options, stateDir: dir, onProgress: ({ step }) => step === 20 && stop.abort() },
      stop.signal,
    );
    await expect(interrupted).rejects.toThrow(/abort/i);
    const resumed = await trainLanguageModel({ ...options, stateDir: dir }, never);
    expect(resumed.history[0]!.step).toBe(30);
    expect(Buffer.from(resumed.parameters.buffer).equals(Buffer.from(whole.parameters.buffer))).toBe(true);
  });

  test("a broken state is an error that says what to do", async () => {
    await writeFile(
      join(dir, "state.json"),
      JSON.stringify({ step: 1, nextDocument: 1, tokensSeen: 1, parameterCount: 9, file: "state-1.f32" }),
    );
    await writeFile(join(dir, "state-1.f32"), "short");
    await expect(trainLanguageModel({ ...options, stateDir: dir }, never)).rejects.toThrow(
      /108 bytes, got 5; remove/,
    );
  });
});

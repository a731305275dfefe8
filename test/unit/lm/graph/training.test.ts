import { expect, suite, test } from "vitest";
import { buildEvaluation, buildTrainingStep, parameterLayout } from "#shared/lm/graph/training.js";
import { TrainingSession, type PackedBatch } from "#shared/lm/runtime/training-session.js";
import { type ModelConfig, toModelConfig } from "#shared/lm/checkpoint/config.js";
import { openSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import { createRng } from "#shared/rng.js";
import { initialParameters } from "#train/language-model/init.js";
import { packBatch } from "#train/language-model/packing.js";
import { describeWithShared, loadGolden, sharedPath } from "../../../shared-data.js";
import { readFileSync } from "node:fs";

const TORCH_ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

/** A full causal-LM batch as transformers' `labels=input_ids` makes it: every next token counts. */
function causalBatch(rows: readonly (readonly number[])[]): PackedBatch {
  const documents = rows.map((tokenIds) => ({ tokenIds, lossWeights: tokenIds.map(() => 1) }));
  return packBatch((i) => documents[i]!, 0, { batch: rows.length, time: rows[0]!.length }, rows.length).batch;
}

const tiny: ModelConfig = {
  modelType: "qwen2",
  vocabSize: 11,
  hiddenSize: 8,
  intermediateSize: 12,
  numLayers: 2,
  numHeads: 4,
  numKvHeads: 2,
  headDim: 2,
  ropeTheta: 10000,
  rmsNormEps: 1e-5,
  contextLength: 32,
  tieWordEmbeddings: true,
  attentionBias: "qkv",
  mlpBias: false,
  eosTokenIds: [0],
};

suite("buildTrainingStep", () => {
  test("its gradient agrees with central differences in random directions", async () => {
    const shape = { batch: 2, time: 12 };
    const rng = createRng(1, "documents");
    const documents = Array.from({ length: 5 }, () => {
      const tokenIds = Array.from({ length: 4 }, () => rng.int(tiny.vocabSize));
      return { tokenIds, lossWeights: [0, 0.5, 1, 1] };
    });
    const { batch } = packBatch((i) => documents[i]!, 0, shape, documents.length);
    // Everything of the order of one, so that a small step is small against the curvature of the norms.
    const parameters = initialParameters(tiny, 3).map((value) => value + 0.4 * rng.normal());
    const options = { ...TORCH_ADAMW, clipNorm: 1 };
    const session = await TrainingSession.create(buildTrainingStep(tiny, shape, options), shape, 1);
    const evaluation = await TrainingSession.create(buildEvaluation(tiny, shape), shape, 1);
    const gradient = await session.gradient(parameters, batch);
    // One direction inside every parameter, so that no tensor's rule hides behind another's.
    for (const { name, offset, length } of parameterLayout(tiny)) {
      const direction = new Float32Array(parameters.length);
      for (let i = offset; i < offset + length; i++) direction[i] = rng.normal() / Math.sqrt(length);
      const at = (step: number): Promise<number> =>
        evaluation.loss(
          parameters.map((value, i) => value + step * direction[i]!),
          batch,
        );
      const difference = ((await at(2e-3)) - (await at(-2e-3))) / 4e-3;
      let slope = 0;
      for (let i = offset; i < offset + length; i++) slope += gradient[i]! * direction[i]!;
      expect(Math.abs(slope - difference), name).toBeLessThan(2e-3 * Math.abs(difference) + 2e-4);
    }
    await session.dispose();
    await evaluation.dispose();
  });

  test("refuses a model that does not as Llama does, by what differs", () => {
    const config: ModelConfig = { ...tiny, modelType: "qwen3", differences: { qkNorm: true } };
    expect(() => buildEvaluation(config, { batch: 1, time: 4 })).toThrow(
      "a model to train must do as Llama, got qwen3 with qkNorm; train another model",
    );
  });

  test("documents of one row do not see each other", async () => {
    const first = { tokenIds: [1, 2, 3, 4], lossWeights: [0, 1, 1, 1] };
    const others = [
      [5, 6, 7],
      [8, 9, 10],
    ].map((tokenIds) => ({ tokenIds, lossWeights: [0, 0, 0] }));
    const shape = { batch: 1, time: 8 };
    const evaluation = await TrainingSession.create(buildEvaluation(tiny, shape), shape, 1);
    const parameters = initialParameters(tiny, 5);
    const losses = [];
    for (const other of others) {
      for (const pair of [
        [first, other],
        [other, first],
      ]) {
        losses.push(await evaluation.loss(parameters, packBatch((i) => pair[i]!, 0, shape, 2).batch));
      }
    }
    expect(losses).toBeAllclose(Array(4).fill(losses[0]), { atol: 1e-6 });
    await evaluation.dispose();
  });
});

describeWithShared("against torch's training run", ["fixtures/tiny_train/train.json"], () => {
  const golden = loadGolden("tiny_train", "train.json");
  const config = toModelConfig(
    JSON.parse(readFileSync(sharedPath("fixtures/tiny_train/config.json")!, "utf8")),
  );
  const rows = golden.json["batch"] as number[][];
  const batch = causalBatch(rows);
  const shape = { batch: rows.length, time: rows[0]!.length };
  const layout = parameterLayout(config);

  async function initial(): Promise<Float32Array> {
    const file = await openSafetensors(sharedPath("fixtures/tiny_train/model.safetensors")!);
    const last = layout.at(-1)!;
    const flat = new Float32Array(last.offset + last.length);
    for (const { name, offset } of layout) flat.set(await file.read(name), offset);
    return flat;
  }

  test("loss, logits and every gradient agree", async () => {
    const parameters = await initial();
    const evaluation = await TrainingSession.create(buildEvaluation(config, shape), shape, 1);
    expect(await evaluation.loss(parameters, batch)).toBeCloseTo(golden.json["loss"] as number, 5);
    expect(await evaluation.logits(parameters, batch)).toBeAllclose(golden.array("logits").data, {
      atol: 1e-4,
    });
    await evaluation.dispose();
    const graph = buildTrainingStep(config, shape, { ...TORCH_ADAMW, clipNorm: 1e9 });
    const session = await TrainingSession.create(graph, shape, 1);
    const gradient = await session.gradient(parameters, batch);
    for (const { name, offset, length } of layout) {
      const want = golden.array(`grad.${name}`).data;
      const scale = want.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
      expect(gradient.slice(offset, offset + length), name).toBeAllclose(want, { atol: 1e-4 * scale });
    }
    await session.dispose();
  });

  test.each([
    ["plain", 1e9],
    ["clipped_at_0.5", 0.5],
  ])("five AdamW steps, %s", async (name, clipNorm) => {
    const run = golden.json[name] as Record<string, number[]>;
    const graph = buildTrainingStep(config, shape, { ...TORCH_ADAMW, clipNorm });
    const session = await TrainingSession.create(graph, shape, 1);
    const parameters = await initial();
    const zeros = (): Float32Array => new Float32Array(parameters.length);
    const state = { parameters, moment1: zeros(), moment2: zeros(), step: 0 };
    const results = [];
    for (let i = 0; i < 5; i++) {
      results.push(await session.step(state, batch, { learningRate: 1e-2, beta1: 0.9, beta2: 0.999 }));
    }
    expect(results.map((r) => r.loss)).toBeAllclose(run["loss_before_and_after_steps_1_to_5"]!.slice(0, 5), {
      atol: 1e-4,
    });
    expect(results.map((r) => r.gradientNorm)).toBeAllclose(
      run["grad_norm_before_clipping_at_steps_1_to_5"]!,
      {
        rtol: 1e-3,
      },
    );
    if (name === "plain") {
      for (const { name: tensor, offset, length } of layout) {
        const want = golden.array(`after5.${tensor}`).data;
        expect(state.parameters.slice(offset, offset + length), tensor).toBeAllclose(want, { atol: 3e-4 });
      }
    }
    await session.dispose();
  });
});

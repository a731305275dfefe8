import { afterAll, describe, expect, test } from "vitest";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type {
  KvSegment,
  LanguageModel,
  LinearProbe,
  ProbeInput,
  Precision,
  RowBatch,
  RowInput,
  RowOutput,
  Wanted,
} from "#shared/lm/types.js";
import { createRng, type Rng } from "#shared/rng.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { QWEN2, tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";
import { tinyFamily } from "../../../fakes/tiny-families.js";

/**
 * A row must get the same bits alone and among others: other prompts, other lengths, new and old, whatever the batch is
 * padded to. Everything seeded search and the answer to "why did it say that" rest on it.
 */
const cacheDir = await temporaryDirectory();
const opened: LanguageModel[] = [];
afterAll(() => Promise.all(opened.map((model) => model.dispose())));

const shapes: readonly (readonly [title: string, threads: number, overrides: Partial<ModelConfig>])[] = [
  ["llama with heads of 16", 2, {}],
  [
    "qwen2 with heads of 64, tied head",
    2,
    { ...QWEN2, hiddenSize: 128, headDim: 64, tieWordEmbeddings: true },
  ],
  ["one query head to each key/value head", 2, { numKvHeads: 4, headDim: 32, vocabSize: 300 }],
  ["more threads than key/value heads", 4, { numKvHeads: 1, headDim: 64 }],
  ["windows, soft-caps, norms of queries and keys", 2, everyDifference()],
  ["windows, soft-caps and heads of 256", 1, tinyFamily("gemma2, heads of 256")],
  ["the same with more threads than key/value heads", 2, tinyFamily("gemma2, heads of 256")],
];
const precisions: readonly Precision[] = ["fp32", "int8", "int4"];

const STEPS = 4;

interface Script {
  readonly prompt: readonly number[];
  /** New tokens of each step; the row joins at step `joins`. */
  readonly steps: readonly (readonly number[])[];
  readonly joins: number;
  readonly wanted: Wanted;
}

describe.each(shapes)("%s", (_title, threads, overrides) => {
  test.each(precisions)("rows do not see each other at %s", async (precision) => {
    const config = tinyConfig(overrides);
    const model = await createLanguageModel(tinySource(config), { precision, threads, cacheDir });
    opened.push(model);
    const rng = createRng(7, precision);
    const probe = (input: ProbeInput, outputs: number): LinearProbe =>
      randomProbe(model, input, outputs, rng.split(`${input} ${outputs}`));
    const [some, others, few] = [
      [probe("hidden", 3), probe("logits", 2)],
      [probe("hidden", 20), probe("hidden_final_norm", 3), probe("logits", 17)],
      [probe("hidden_final_norm", 1)],
    ];
    const prompts = [5, 64, 130, 330].map((length) => tokens(length, config, rng));
    const prefixes = new Map<readonly number[], KvSegment>();
    for (const prompt of prompts)
      prefixes.set(prompt, (await model.prefill(prompt, { logits: "none" })).prefix);
    const scripts = Array.from({ length: 16 }, (_, i): Script => {
      const counts = Array.from({ length: STEPS }, () =>
        rng.int(3) > 0 ? 1 : 1 + rng.int(i === 3 ? 90 : 20),
      );
      return {
        prompt: prompts[Math.floor(rng.int(16) ** 2 / 64)]!,
        steps: counts.map((count) => tokens(count, config, rng)),
        joins: rng.int(3),
        wanted: {
          logits: "all",
          summary: { temperature: 0.5 + i / 10 },
          hidden: true,
          probes: [others, some, few][i % 3]!,
        },
      };
    });

    const together = await play(model, prefixes, scripts);
    for (const [i, script] of scripts.entries()) {
      const [alone] = await play(model, prefixes, [{ ...script, joins: 0 }]);
      expect(together[i]!.length).toBe(STEPS);
      for (const [step, output] of together[i]!.entries()) {
        for (const field of ["logits", "hidden", "probe"] as const) {
          expectSameBits(output[field], alone![step]![field], `row ${i}, step ${step}, ${field}`);
        }
        expect(output.summaries, `row ${i}, step ${step}`).toEqual(alone![step]!.summaries);
      }
    }
  });
});

function tokens(count: number, config: ModelConfig, rng: Rng): number[] {
  return Array.from({ length: count }, () => rng.int(config.vocabSize));
}

function randomProbe(model: LanguageModel, input: ProbeInput, outputs: number, rng: Rng): LinearProbe {
  const { vocabularySize, hiddenStateCount, hiddenSize } = model.info;
  const length = outputs * (input === "logits" ? vocabularySize : hiddenStateCount * hiddenSize);
  return { input, weights: Float32Array.from({ length }, () => rng.normal()), outputs };
}

/** Runs all scripts in one batch; a row leaves after its last step. */
async function play(
  model: LanguageModel,
  prefixes: ReadonlyMap<readonly number[], KvSegment>,
  scripts: readonly Script[],
): Promise<RowOutput[][]> {
  const batch: RowBatch = model.createBatch();
  const rows = new Map<Script, number>();
  const outputs = scripts.map((): RowOutput[] => []);
  for (let step = 0; step < STEPS + 3; step++) {
    const inputs: RowInput[] = [];
    const running: number[] = [];
    for (const [i, script] of scripts.entries()) {
      const tokenIds = script.steps[step - script.joins];
      if (tokenIds === undefined) {
        if (rows.has(script)) batch.release(rows.get(script)!);
        rows.delete(script);
        continue;
      }
      if (!rows.has(script)) rows.set(script, batch.admit(prefixes.get(script.prompt)!, []));
      inputs.push({ row: rows.get(script)!, tokenIds, wanted: script.wanted });
      running.push(i);
    }
    const results = await batch.step(inputs);
    for (const [at, i] of running.entries()) outputs[i]!.push(results[at]!);
  }
  return outputs;
}

function expectSameBits(a: Float32Array, b: Float32Array, where: string): void {
  const bytes = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  expect(a.length).toBeGreaterThan(0);
  if (bytes(a).equals(bytes(b)) && a.every(Number.isFinite)) return;
  const largest = Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
  expect.fail(`${where}: alone and together differ by up to ${largest}`);
}

function everyDifference(): ModelConfig {
  const config = tinyFamily("gemma3");
  return { ...config, differences: { ...config.differences, attentionSoftcap: 5, finalSoftcap: 5 } };
}

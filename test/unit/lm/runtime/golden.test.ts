/** The engine at fp32 against numbers from transformers on checkpoints made by others (../shared/fixtures/README.md). */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Checkpoint, loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { toModelConfig } from "#shared/lm/checkpoint/config.js";
import { openSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { argmax, logProbs, logSumExp, relativeDifference } from "../../../golden-numbers.js";
import { describeWithShared, loadGolden, sharedPath } from "../../../shared-data.js";

const cacheDir = await temporaryDirectory();

async function greedy(model: LanguageModel, prompt: readonly number[], count: number): Promise<number[]> {
  const { prefix, output } = await model.prefill(prompt, { logits: "last" });
  const batch = model.createBatch();
  const row = batch.admit(prefix, []);
  const ids = [argmax(output.logits)];
  while (ids.length < count) {
    const [next] = await batch.step([{ row, tokenIds: [ids.at(-1)!], wanted: { logits: "last" } }]);
    ids.push(argmax(next!.logits));
  }
  return ids;
}

interface Case {
  readonly ids: number[];
  readonly last_logits_logsumexp: number;
  readonly greedy48: number[];
  readonly continuation_ids: number[];
  readonly continuation_logprobs: number[];
}

describeWithShared("stories260K", ["models/stories260K", "fixtures/model/stories260k.json"], () => {
  const directory = sharedPath("models", "stories260K")!;
  const golden = loadGolden("model", "stories260k.json");
  const cases = golden.json["cases"] as Case[];
  let checkpoint: Checkpoint;
  let model: LanguageModel;
  beforeAll(async () => {
    checkpoint = await loadCheckpoint(directory);
    model = await createLanguageModel(checkpoint, { precision: "fp32", threads: 2, cacheDir });
  });
  afterAll(() => model.dispose());

  test("tells its known story word for word", async () => {
    const expected = JSON.parse(readFileSync(`${directory}/expected.json`, "utf8")) as {
      prompt_ids: number[];
      greedy_ids: number[];
      text: string;
    };
    const [start, count] = [expected.prompt_ids, expected.greedy_ids.length - expected.prompt_ids.length];
    const ids = await greedy(model, start, count);
    expect([...start, ...ids]).toEqual(expected.greedy_ids);
    expect(checkpoint.tokenizer.decode(ids).trim()).toBe(expected.text.trim());
  });

  test.each([0, 1, 2, 3])("prompt %i: logits, hidden states and 48 greedy tokens", async (i) => {
    const { ids, greedy48, last_logits_logsumexp } = cases[i]!;
    const { output } = await model.prefill(ids, { logits: "last", hidden: true });
    expect(output.logits).toBeAllclose(golden.array(`p${i}.last_logits`).data, { atol: 1e-4 });
    expect(logSumExp(output.logits)).toBeCloseTo(last_logits_logsumexp, 4);

    const { hiddenSize, hiddenStateCount } = model.info;
    const width = hiddenSize * hiddenStateCount;
    const last = output.hidden.subarray(-width);
    const mean = Array.from({ length: width }, (_, at) =>
      ids.reduce((sum, _id, token) => sum + output.hidden[token * width + at]! / ids.length, 0),
    );
    // Ours has the final norm in place of the last layer's bare output.
    const layers = width - hiddenSize;
    const bare = (name: string): Float32Array => golden.array(name).data.subarray(0, layers);
    expect(relativeDifference(last.subarray(0, layers), bare(`p${i}.hidden_last`))).toBeLessThan(1e-5);
    expect(relativeDifference(mean.slice(0, layers), bare(`p${i}.hidden_mean`))).toBeLessThan(1e-5);
    const normed = golden.array(`p${i}.final_norm_last`).data;
    expect(relativeDifference(last.subarray(layers), normed)).toBeLessThan(1e-5);
    expect(relativeDifference(mean.slice(layers), golden.array(`p${i}.final_norm_mean`).data)).toBeLessThan(
      1e-5,
    );

    expect(await greedy(model, ids, 48)).toEqual(greedy48);
  });

  test("scores continuations of a prompt, fed as one chunk after it", async () => {
    for (const { ids, continuation_ids, continuation_logprobs } of cases) {
      const { prefix, output } = await model.prefill(ids, { logits: "last" });
      const batch = model.createBatch();
      const row = batch.admit(prefix, []);
      const [chunk] = await batch.step([{ row, tokenIds: continuation_ids, wanted: { logits: "all" } }]);
      const first = output.logits[continuation_ids[0]!]! - logSumExp(output.logits);
      const rest = logProbs(chunk!.logits, continuation_ids);
      expect([first, ...rest]).toBeAllclose(continuation_logprobs, { atol: 1e-4 });
    }
  });

  test("gives all logits and hidden states of 32 tokens", async () => {
    const { ids } = golden.json["full32"] as { ids: number[] };
    const { output } = await model.prefill(ids, { logits: "all", hidden: true });
    expect(output.logits).toBeAllclose(golden.array("full32.logits").data, { atol: 1e-4 });
    const { hiddenSize, hiddenStateCount } = model.info;
    const expected = golden.array("full32.hidden").data;
    for (let state = 0; state + 1 < hiddenStateCount; state++) {
      const got = ids.flatMap((_, token) => {
        const start = (token * hiddenStateCount + state) * hiddenSize;
        return [...output.hidden.subarray(start, start + hiddenSize)];
      });
      const part = expected.subarray(state * ids.length * hiddenSize, (state + 1) * ids.length * hiddenSize);
      expect(relativeDifference(got, part)).toBeLessThan(1e-5);
    }
  });

  test("has the reference's perplexity on a text of several chunks", async () => {
    const { ids, perplexity } = golden.json["perplexity"] as { ids: number[]; perplexity: number };
    const { output } = await model.prefill(ids, { logits: "all" });
    const nll = logProbs(output.logits, ids).map((value) => -value);
    expect(nll).toBeAllclose(golden.array("perplexity.nll").data, { atol: 1e-4 });
    const mean = nll.reduce((sum, value) => sum + value / nll.length, 0);
    expect(Math.exp(mean)).toBeCloseTo(perplexity, 4);
  });

  test.each([
    ["int8", 0.02],
    ["int4", 0.15],
  ] as const)("%s stays within %f of the fp32 loss", async (precision, tolerance) => {
    const { ids } = golden.json["perplexity"] as { ids: number[] };
    const quantized = await createLanguageModel(checkpoint, { precision, threads: 2, cacheDir });
    try {
      const loss = async (of: LanguageModel): Promise<number> =>
        -logProbs((await of.prefill(ids, { logits: "all" })).output.logits, ids).reduce(
          (sum, v) => sum + v,
          0,
        ) /
        (ids.length - 1);
      const difference = (await loss(quantized)) - (await loss(model));
      expect(Math.abs(difference)).toBeLessThan(tolerance);
    } finally {
      await quantized.dispose();
    }
  });
});

describeWithShared("a seeded model of transformers", ["fixtures/tiny_train"], () => {
  test("has the reference's logits", async () => {
    const golden = loadGolden("tiny_train", "train.json");
    const path = sharedPath("fixtures", "tiny_train", "model.safetensors")!;
    const configPath = sharedPath("fixtures", "tiny_train", "config.json")!;
    const source = {
      name: "tiny_train",
      config: toModelConfig(JSON.parse(readFileSync(configPath, "utf8"))),
      tensors: await openSafetensors(path),
      hash: "tiny-train",
    };
    const model = await createLanguageModel(source, { precision: "fp32", threads: 2, cacheDir });
    try {
      const logits: number[] = [];
      for (const ids of golden.json["batch"] as number[][]) {
        logits.push(...(await model.prefill(ids, { logits: "all" })).output.logits);
      }
      expect(logits).toBeAllclose(golden.array("logits").data, { atol: 1e-4 });
    } finally {
      await model.dispose();
    }
  });
});

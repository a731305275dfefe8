/** SmolLM2 as it is published for llama.cpp, from the GGUF file alone, against numbers from transformers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Checkpoint, loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { argmax, logProbs, logSumExp, relativeDifference } from "../../golden-numbers.js";
import { describeWithShared, loadGolden, sharedPath } from "../../shared-data.js";

const DIRECTORY = "models/smollm2-135m-instruct";
const FILE = `${DIRECTORY}/SmolLM2-135M-Instruct.Q4_1.gguf`;

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly last_logits_top32_ids: number[];
  readonly last_logits_top32: number[];
  readonly last_logits_logsumexp: number;
  readonly greedy48: number[];
  readonly continuation_ids: number[];
  readonly continuation_logprobs: number[];
}

describeWithShared("SmolLM2 from its GGUF file", [FILE, "fixtures/model/smollm2.json"], () => {
  const golden = loadGolden("model", "smollm2.json");
  const cases = golden.json["cases"] as Case[];
  let checkpoint: Checkpoint;
  let model: LanguageModel;
  beforeAll(async () => {
    checkpoint = await loadCheckpoint(sharedPath(FILE)!);
    const cacheDir = await temporaryDirectory();
    model = await createLanguageModel(checkpoint, { precision: "fp32", threads: 2, cacheDir });
  });
  afterAll(() => model.dispose());

  test("is the same model as the directory around it", async () => {
    const directory = await loadCheckpoint(sharedPath(DIRECTORY)!);
    expect(directory.config).toEqual(checkpoint.config);
    expect([...directory.tensors.tensors]).toEqual([...checkpoint.tensors.tensors]);
    expect(directory.tensors.paths).toEqual(checkpoint.tensors.paths);
    expect([directory.name, checkpoint.name]).toEqual([
      "smollm2-135m-instruct",
      "SmolLM2-135M-Instruct.Q4_1",
    ]);
  });

  test("tokenizes the prompts as the reference", () => {
    for (const { text, ids } of cases)
      expect(checkpoint.tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
  });

  test.each([0, 1, 2, 3])("prompt %i: logits, hidden states and a continuation", async (i) => {
    const { ids, continuation_ids, continuation_logprobs, ...expected } = cases[i]!;
    const { prefix, output } = await model.prefill(ids, { logits: "last", hidden: true });
    const top = expected.last_logits_top32_ids.map((id) => output.logits[id]!);
    expect(top).toBeAllclose(expected.last_logits_top32, { atol: 2e-4 });
    expect([logSumExp(output.logits)]).toBeAllclose([expected.last_logits_logsumexp], { atol: 1e-4 });
    if (i === 0) expect(output.logits).toBeAllclose(golden.array("p0.last_logits").data, { atol: 2e-4 });

    const { hiddenSize, hiddenStateCount } = model.info;
    const last = output.hidden.subarray(-hiddenSize * hiddenStateCount);
    const layers = last.length - hiddenSize;
    const bare = golden.array(`p${i}.hidden_last`).data.subarray(0, layers);
    expect(relativeDifference(last.subarray(0, layers), bare)).toBeLessThan(1e-5);
    const normed = golden.array(`p${i}.final_norm_last`).data;
    expect(relativeDifference(last.subarray(layers), normed)).toBeLessThan(1e-5);

    const batch = model.createBatch();
    const row = batch.admit(prefix, []);
    const [chunk] = await batch.step([{ row, tokenIds: continuation_ids, wanted: { logits: "all" } }]);
    const first = output.logits[continuation_ids[0]!]! - logSumExp(output.logits);
    const rest = logProbs(chunk!.logits, continuation_ids);
    expect([first, ...rest]).toBeAllclose(continuation_logprobs, { atol: 2e-4 });
  });

  test("writes the same 48 greedy tokens after each prompt, all four at once", async () => {
    const batch = model.createBatch();
    const rows = new Map<number, number[]>();
    for (const { ids } of cases) {
      const { prefix, output } = await model.prefill(ids, { logits: "last" });
      rows.set(batch.admit(prefix, []), [argmax(output.logits)]);
    }
    for (let step = 1; step < 48; step++) {
      const inputs = [...rows].map(([row, ids]) => ({
        row,
        tokenIds: [ids.at(-1)!],
        wanted: { logits: "last" as const },
      }));
      for (const { row, logits } of await batch.step(inputs)) rows.get(row)!.push(argmax(logits));
    }
    expect([...rows.values()]).toEqual(cases.map(({ greedy48 }) => greedy48));
  });

  test("has the reference's perplexity", async () => {
    const { ids, perplexity } = golden.json["perplexity"] as { ids: number[]; perplexity: number };
    const { output } = await model.prefill(ids, { logits: "all" });
    const nll = logProbs(output.logits, ids).map((value) => -value);
    expect(nll).toBeAllclose(golden.array("perplexity.nll").data, { atol: 2e-4 });
    const mean = nll.reduce((sum, value) => sum + value / nll.length, 0);
    expect(Math.abs(Math.exp(mean) / perplexity - 1)).toBeLessThan(1e-4);
  });
});

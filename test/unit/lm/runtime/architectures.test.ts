import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { toModelConfig } from "#shared/lm/checkpoint/config.js";
import { openSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import { assertTensors, expectedTensors } from "#shared/lm/checkpoint/tensors.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, Wanted } from "#shared/lm/types.js";
import { referenceForward } from "../../../fakes/reference-decoder.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

/** Checkpoints and what transformers computes with them: test/fixtures/architectures/make.py. */
const FAMILIES = [
  "smollm2",
  "llama3",
  "llama-linear",
  "mistral",
  "qwen2-yarn",
  "qwen2-window",
  "qwen3",
  "gemma2",
  "gemma3",
];
const ALL: Wanted = { logits: "all", hidden: true };
/** Logits are up to 8 in size, hidden states up to 18; transformers computes in float32 too. */
const close = { atol: 1e-5, rtol: 1e-5 };

const cacheDir = await temporaryDirectory();
const opened: LanguageModel[] = [];
afterAll(() => Promise.all(opened.map((model) => model.dispose())));

const pathOf = (family: string, file: string): string =>
  fileURLToPath(new URL(`../../../fixtures/architectures/${family}/${file}`, import.meta.url));
const readConfig = (family: string, file = "config.json") =>
  toModelConfig(JSON.parse(readFileSync(pathOf(family, file), "utf8")));

async function readExpected(family: string) {
  const source = await openSafetensors(pathOf(family, "expected.safetensors"));
  const [ids, logits, hidden] = await Promise.all(
    ["token_ids", "logits", "hidden"].map((name) => source.read(name)),
  );
  return { tokenIds: [...ids!], logits: logits!, hidden: hidden! };
}

describe.each(FAMILIES)("%s, as transformers computes it", (family) => {
  const config = readConfig(family);

  test("its configuration means the same as transformers writes it again", () => {
    expect(readConfig(family, "config.rewritten.json")).toEqual(config);
  });

  test("prefill, and steps of several lengths", async () => {
    const { tokenIds, logits, hidden } = await readExpected(family);
    const tensors = await openSafetensors(pathOf(family, "model.safetensors"));
    assertTensors(config, tensors);
    const source = { name: family, config, tensors, hash: family };
    const model = await createLanguageModel(source, { precision: "fp32", threads: 1, cacheDir });
    opened.push(model);
    const { prefix, output } = await model.prefill(tokenIds.slice(0, 16), ALL);
    const batch = model.createBatch();
    const row = batch.admit(prefix, []);
    const outputs = [output];
    for (const [from, to] of [
      [16, 17],
      [17, 31],
      [31, 40],
    ])
      outputs.push(...(await batch.step([{ row, tokenIds: tokenIds.slice(from, to), wanted: ALL }])));
    expect(outputs.flatMap((each) => [...each.logits])).toBeAllclose(logits, close);
    expect(outputs.flatMap((each) => [...each.hidden])).toBeAllclose(hidden, close);
  });

  test("the tests' own implementation agrees", async () => {
    const { tokenIds, logits, hidden } = await readExpected(family);
    const source = await openSafetensors(pathOf(family, "model.safetensors"));
    const weights = new Map<string, Float32Array>();
    for (const { name } of expectedTensors(config)) weights.set(name, await source.read(name));
    const computed = referenceForward(config, weights, tokenIds);
    expect(computed.logits.flat()).toBeAllclose(logits, close);
    expect(computed.hidden.flat()).toBeAllclose(hidden, close);
  });
});

/** What transformers.js is given must be the model that we run: same logits, and caches that carry on. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { type Feeds, floatTensor, longTensor, Session } from "#shared/lm/runtime/session.js";
import { buildExport, type ExportPrecision } from "../../../../bench/engine/onnx-export.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { QWEN2, tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

const directory = await temporaryDirectory();
const toClose: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(toClose.map((each) => each.dispose())));

const prompt = [3, 17, 42, 8, 25, 11, 30];
const LAYER_OUTPUTS = (layers: number): string[] =>
  Array.from({ length: layers }, (_, layer) => [`present.${layer}.key`, `present.${layer}.value`]).flat();

/** The tiny model with matrices that 4 bits hold exactly, so that only the rounding of activations tells int4 apart. */
function roundedSource(config: ModelConfig): ReturnType<typeof tinySource> {
  const source = tinySource(config);
  const read = async (name: string): Promise<Float32Array> => {
    const values = await source.tensors.read(name);
    const { shape } = source.tensors.tensors.get(name)!;
    if (shape.length < 2) return values;
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const step = 2 ** Math.ceil(Math.log2(largest / 8));
    const columns = shape[1]!;
    // -8 in each block of 32, as the quantiser expects of the largest.
    return values.map((value, i) => (((i % columns) % 32 === 0 ? -8 : Math.round(value / step)) * step) / 4);
  };
  return { ...source, hash: `${source.hash}-rounded`, tensors: { ...source.tensors, read } };
}

async function openExport(config: ModelConfig, precision: ExportPrecision, name: string): Promise<Session> {
  const { graph, plan } = buildExport(config, precision, `${name}.data`);
  const data = Buffer.alloc(plan.byteLength);
  for (const { ranges, make } of plan.weights) {
    const arrays = await make(roundedSource(config).tensors);
    for (const [i, { offset }] of ranges.entries()) {
      const { buffer, byteOffset, byteLength } = arrays[i]!;
      data.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    }
  }
  const path = join(directory, `${name}.onnx`);
  await writeFile(join(directory, `${name}.data`), data);
  await writeFile(path, graph.build());
  const session = await Session.create(path, 2);
  toClose.push(session);
  return session;
}

/** Two equal rows, so that a batch is checked as well. */
async function forward(
  session: Session,
  config: ModelConfig,
  tokenIds: readonly number[],
  past: Readonly<Record<string, Float32Array>> | undefined,
  pastLength: number,
  keep: number,
): Promise<Readonly<Record<string, Float32Array>>> {
  const { numLayers, numKvHeads, headDim } = config;
  const total = pastLength + tokenIds.length;
  const feeds: Feeds = {
    input_ids: longTensor([...tokenIds, ...tokenIds], [2, tokenIds.length]),
    attention_mask: longTensor(
      Array.from({ length: 2 * total }, () => 1),
      [2, total],
    ),
    num_logits_to_keep: longTensor([keep], []),
  };
  for (const name of LAYER_OUTPUTS(numLayers)) {
    const data = past?.[name] ?? new Float32Array(0);
    const dims = [2, numKvHeads, pastLength, headDim];
    feeds[name.replace("present", "past_key_values")] = floatTensor(data, dims);
  }
  return session.run(feeds, ["logits", ...LAYER_OUTPUTS(numLayers)]);
}

const configs: readonly (readonly [string, Partial<ModelConfig>])[] = [
  ["llama", {}],
  ["llama, tied head", { tieWordEmbeddings: true }],
  ["qwen2", QWEN2],
];

describe.each(configs)("%s", (title, overrides) => {
  // GroupQueryAttention wants head sizes that are multiples of 8.
  const config = tinyConfig({ ...overrides, headDim: 16 });

  test.each(["fp32", "int4"] as const)("%s: prefill and decoding give our logits", async (precision) => {
    const session = await openExport(config, precision, `${title.replaceAll(/\W/g, "")}-${precision}`);
    const model = await createLanguageModel(roundedSource(config), {
      precision: "fp32",
      threads: 2,
      cacheDir: directory,
    });
    toClose.push(model);
    const { output } = await model.prefill(prompt, { logits: "all" });
    // int4 multiplies activations that were rounded to 8 bits.
    const close = precision === "fp32" ? { atol: 2e-4, rtol: 1e-3 } : { atol: 0.1, rtol: 0.02 };

    const all = await forward(session, config, prompt, undefined, 0, 0);
    expect(all["logits"]).toBeAllclose([...output.logits, ...output.logits], close);

    const most = await forward(session, config, prompt.slice(0, -1), undefined, 0, 1);
    const last = await forward(session, config, prompt.slice(-1), most, prompt.length - 1, 1);
    const expected = output.logits.slice(-config.vocabSize);
    expect(last["logits"]).toBeAllclose([...expected, ...expected], close);
  });
});

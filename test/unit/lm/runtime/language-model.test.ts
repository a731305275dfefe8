import { afterAll, describe, expect, test } from "vitest";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, LinearProbe, Precision, ProbeInput, Wanted } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { SUMMARY_BLOCK } from "#shared/lm/graph/outputs.js";
import { referenceSummary } from "../../../fakes/logit-summary.js";
import { type Reference, referenceForward } from "../../../fakes/reference-decoder.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { QWEN2, tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";
import { tinyFamilies } from "../../../fakes/tiny-families.js";

const cacheDir = await temporaryDirectory();
const opened: LanguageModel[] = [];
afterAll(() => Promise.all(opened.map((model) => model.dispose())));

async function open(config: ModelConfig, precision: Precision = "fp32", threads = 2): Promise<LanguageModel> {
  const model = await createLanguageModel(tinySource(config), { precision, threads, cacheDir });
  opened.push(model);
  return model;
}

const ids = (count: number, seed: number, vocabulary = 50): number[] => {
  const rng = createRng(seed, "tokens");
  return Array.from({ length: count }, () => rng.int(vocabulary));
};
const ALL: Wanted = { logits: "all", hidden: true };
const LAST: Wanted = { logits: "last" };
const flat = (rows: readonly (readonly number[])[]): number[] => rows.flat();
/** Logits are around 1 in size, hidden states up to 10. */
const close = { atol: 3e-5, rtol: 1e-5 };

const rng = createRng(8, "probes");
const randomProbe = (input: ProbeInput, outputs: number, width: number): LinearProbe => ({
  input,
  weights: Float32Array.from({ length: outputs * width }, () => rng.normal()),
  outputs,
});
const productOf = ({ weights, outputs }: LinearProbe, values: readonly number[]): number[] =>
  Array.from({ length: outputs }, (_, output) =>
    values.reduce((sum, value, i) => sum + value * weights[output * values.length + i]!, 0),
  );
/** What a probe reads of a token. */
const inputOf = (input: ProbeInput, { hidden, normed, logits }: Reference, token: number): number[] =>
  ({ hidden, hidden_final_norm: normed, logits })[input][token]!;

const variants: readonly (readonly [string, ModelConfig])[] = [
  ["llama, grouped queries, own head", tinyConfig()],
  [
    "llama, tied head, one query head to a key/value head",
    tinyConfig({ tieWordEmbeddings: true, numKvHeads: 4 }),
  ],
  [
    "llama with every bias, one key/value head",
    tinyConfig({ attentionBias: "qkvo", mlpBias: true, numKvHeads: 1 }),
  ],
  ["qwen2, tied head", tinyConfig({ ...QWEN2, tieWordEmbeddings: true })],
  ["one layer, head size unlike hidden / heads", tinyConfig({ numLayers: 1, headDim: 8 })],
  ...tinyFamilies,
];

describe.each(variants)("%s", (_title, config) => {
  const { weights } = tinySource(config);
  const reference = (tokenIds: readonly number[]) => referenceForward(config, weights, tokenIds);

  test("prefill equals the reference in logits and hidden states", async () => {
    const model = await open(config);
    const prompt = ids(37, 1);
    const { prefix, output } = await model.prefill(prompt, ALL);
    const expected = reference(prompt);
    expect(output.logits).toBeAllclose(flat(expected.logits), close);
    expect(output.hidden).toBeAllclose(flat(expected.hidden), close);
    expect(prefix.tokenCount).toBe(37);
    expect(prefix.data.length).toBe(37 * (model.info.kvBytesPerToken / 4));
  });

  test("so does a prompt of several chunks", async () => {
    const model = await open(config);
    const prompt = ids(128 + 128 + 5, 11);
    const { output } = await model.prefill(prompt, { logits: "all" });
    const expected = reference(prompt).logits;
    for (const token of [127, 128, 255, 256, 260])
      expect(output.logits.subarray(token * config.vocabSize, (token + 1) * config.vocabSize)).toBeAllclose(
        expected[token]!,
        close,
      );
  });

  test("a summary is that of each row of logits, at the batch row's own temperature", async () => {
    const model = await open(config);
    const { prefix } = await model.prefill(ids(9, 4), { logits: "none" });
    const batch = model.createBatch();
    const rows = [0.5, 1, 2].map((temperature) => ({ row: batch.admit(prefix, []), temperature }));
    const outputs = await batch.step(
      rows.map(({ row, temperature }) => ({
        row,
        tokenIds: ids(row + 1, row),
        wanted: { logits: row === 1 ? "all" : "last", summary: { temperature } },
      })),
    );
    const { vocabSize } = config;
    expect(outputs.map(({ summaries }) => summaries.length)).toEqual([1, 2, 1]);
    for (const [i, { logits, summaries }] of outputs.entries())
      for (const [row, summary] of summaries.entries()) {
        const line = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
        const expected = referenceSummary(line, rows[i]!.temperature, SUMMARY_BLOCK);
        expect([...summary.topIds]).toEqual([...expected.topIds]);
        expect([...summary.topLogits]).toEqual([...expected.topLogits]);
        expect(summary.total).toBeCloseTo(expected.total, 4);
        expect(summary.weightedTotal).toBeCloseTo(expected.weightedTotal, 4);
        const { length } = expected.blockTotals;
        const padded = [...expected.blockTotals, ...summary.blockTotals.subarray(length)];
        expect(summary.blockTotals).toBeAllclose(padded, { atol: 1e-5, rtol: 1e-5 });
        expect(padded.slice(length).every((total) => total === 0)).toBe(true);
      }
    const [silent] = await batch.step([
      { row: 0, tokenIds: [1], wanted: { logits: "none", summary: { temperature: 1 } } },
    ]);
    expect(silent!.logits.length).toBe(0);
    expect(silent!.summaries[0]!.topIds.length).toBe(Math.min(64, config.vocabSize));
  });

  test("probes of every input equal the reference's products, side by side in any order", async () => {
    const model = await open(config);
    const prompt = ids(6, 5);
    const { prefix } = await model.prefill(prompt, { logits: "none" });
    const width = { states: config.hiddenSize * (config.numLayers + 1), vocabulary: config.vocabSize };
    const probes = [
      randomProbe("logits", 3, width.vocabulary),
      randomProbe("hidden_final_norm", 2, width.states),
      randomProbe("hidden", 17, width.states),
      randomProbe("hidden_final_norm", 18, width.states),
    ] as const;
    const batch = model.createBatch();
    const inputs = [probes, probes.slice(1, 2), probes.toReversed(), probes.slice(0, 1)].map((own, i) => ({
      row: batch.admit(prefix, []),
      tokenIds: ids(1 + i, 40 + i),
      wanted: { logits: i === 2 ? "last" : "none", probes: own } as const,
    }));
    for (const [i, { probe, logits }] of (await batch.step(inputs)).entries()) {
      const { tokenIds, wanted } = inputs[i]!;
      const whole = reference([...prompt, ...tokenIds]);
      const expected = tokenIds.flatMap((_, t) =>
        wanted.probes.flatMap((own) => productOf(own, inputOf(own.input, whole, prompt.length + t))),
      );
      expect(probe).toBeAllclose(expected, { atol: 2e-3, rtol: 1e-4 });
      if (i === 2) expect(logits).toBeAllclose(whole.logits.at(-1)!, close);
      else expect(logits.length).toBe(0);
    }
  });

  test("a prompt can be asked about its last token alone", async () => {
    const model = await open(config);
    const prompt = ids(131, 6);
    const probes = [
      randomProbe("logits", 2, config.vocabSize),
      randomProbe("hidden_final_norm", 1, config.hiddenSize * (config.numLayers + 1)),
    ];
    const { output } = await model.prefill(prompt, { logits: "last", probes, observed: "last" });
    const whole = reference(prompt);
    const expected = probes.flatMap((own) => productOf(own, inputOf(own.input, whole, 130)));
    expect(output.probe).toBeAllclose(expected, { atol: 2e-3, rtol: 1e-4 });
  });

  test("decoding, forks and ragged chunks equal the reference over the whole text", async () => {
    const model = await open(config);
    const prompt = ids(21, 2);
    const { prefix } = await model.prefill(prompt, { logits: "none" });
    const batch = model.createBatch();
    const texts = [prompt, prompt, prompt];
    const rows = texts.map(() => batch.admit(prefix, []));
    const lengths = [
      [1, 3, 1],
      [5, 1, 1],
      [1, 1, 70],
      [1, 17, 2],
    ];
    for (const [round, counts] of lengths.entries()) {
      const fresh = counts.map((count, row) => ids(count, 100 * round + row));
      const outputs = await batch.step(rows.map((row, i) => ({ row, tokenIds: fresh[i]!, wanted: ALL })));
      for (const [i, output] of outputs.entries()) {
        texts[i] = [...texts[i]!, ...fresh[i]!];
        const expected = reference(texts[i]);
        expect(output.row).toBe(rows[i]);
        expect(output.logits).toBeAllclose(flat(expected.logits.slice(-counts[i]!)), close);
        expect(output.hidden).toBeAllclose(flat(expected.hidden.slice(-counts[i]!)), close);
      }
    }
  });

  test("a row continues segments that were taken from another", async () => {
    const model = await open(config);
    const prompt = ids(10, 3);
    const { prefix } = await model.prefill(prompt, { logits: "none" });
    const batch = model.createBatch();
    const first = batch.admit(prefix, []);
    const [a, b, c] = [ids(4, 4), ids(66, 5), ids(2, 6)];
    await batch.step([{ row: first, tokenIds: a, wanted: LAST }]);
    const early = batch.take(first, 4);
    await batch.step([{ row: first, tokenIds: b, wanted: LAST }]);
    const late = batch.take(first, 66);
    batch.release(first);
    const second = batch.admit(prefix, [early, late]);
    const waiting = batch.take(second, 68);
    const [output] = await batch.step([{ row: second, tokenIds: c, wanted: LAST }]);
    expect(output!.logits).toBeAllclose(reference([...prompt, ...a, ...b, ...c]).logits.at(-1)!, close);
    const width = config.headDim;
    const placed = batch.take(second, 70).data;
    for (let plane = 0; plane < placed.length / (70 * width); plane++) {
      const before = waiting.data.subarray(plane * 68 * width, (plane + 1) * 68 * width);
      expect(placed.subarray(plane * 70 * width, (plane * 70 + 68) * width)).toEqual(before);
    }
  });
});

describe.each(tinyFamilies.filter(([, { differences }]) => differences?.local?.window !== undefined))(
  "%s, far beyond the window",
  (_title, config) => {
    test("a prompt of several chunks and a row of its own that is longer than the window", async () => {
      const { weights } = tinySource(config);
      const model = await open(config);
      const prompt = ids(150, 7);
      const { prefix, output } = await model.prefill(prompt, { logits: "all" });
      const batch = model.createBatch();
      const row = batch.admit(prefix, []);
      const [a, b, c] = [ids(40, 8), ids(1, 9), ids(9, 10)];
      await batch.step([{ row, tokenIds: a, wanted: { logits: "none" } }]);
      const [one] = await batch.step([{ row, tokenIds: b, wanted: LAST }]);
      const [nine] = await batch.step([{ row, tokenIds: c, wanted: { logits: "all" } }]);
      const expected = referenceForward(config, weights, [...prompt, ...a, ...b, ...c]).logits;
      expect(output.logits).toBeAllclose(flat(expected.slice(0, 150)), close);
      expect(one!.logits).toBeAllclose(expected[190]!, close);
      expect(nine!.logits).toBeAllclose(flat(expected.slice(191)), close);
      const windowless = referenceForward(withoutWindow(config), weights, prompt).logits;
      expect(Math.abs(windowless[149]![0]! - expected[149]![0]!)).toBeGreaterThan(1e-3);
    });
  },
);

function withoutWindow({ differences, ...config }: ModelConfig): ModelConfig {
  const { window: _, ...local } = differences!.local!;
  return { ...config, differences: { ...differences, local } };
}

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { estimateMemory } from "#shared/lm/runtime/memory-estimate.js";
import { prepareModelFiles } from "#shared/lm/runtime/model-files.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

const cacheDir = await temporaryDirectory();
const load = { candidates: 3, promptTokens: 70, newTokens: 65 };

describe("estimateMemory()", () => {
  test.each(["fp32", "int8", "int4"] as const)("has the bytes of the %s weights' file", async (precision) => {
    const source = tinySource(tinyConfig());
    const path = await prepareModelFiles(source, { precision, threads: 1, cacheDir });
    const { size } = await stat(join(dirname(path), "weights.bin"));
    expect(estimateMemory(source.config, precision, load).weightBytes).toBe(size);
  });

  test("counts a tied head twice in fp32, where one product uses it repacked", () => {
    const tied = tinyConfig({ tieWordEmbeddings: true });
    const bytes = (precision: "fp32" | "int8"): number => estimateMemory(tied, precision, load).weightBytes;
    const untied = estimateMemory(tinyConfig(), "fp32", load).weightBytes;
    expect(Math.abs(bytes("fp32") - untied)).toBeLessThan(2 * 4096);
    expect(bytes("int8")).toBeLessThan(bytes("fp32"));
  });

  test("has the keys and values of prompt, slots and tree", async () => {
    const source = tinySource(tinyConfig());
    const model = await createLanguageModel(source, { precision: "fp32", threads: 1, cacheDir });
    try {
      const ids = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 50);
      const { prefix } = await model.prefill(ids(load.promptTokens), { logits: "none" });
      const batch = model.createBatch();
      const rows = Array.from({ length: load.candidates }, () => batch.admit(prefix, []));
      await batch.step(rows.map((row) => ({ row, tokenIds: ids(65), wanted: { logits: "none" } as const })));
      const tree = rows.map((row) => batch.take(row, load.newTokens));
      const logits = load.candidates * model.info.vocabularySize * 4;
      const held = tree.reduce((sum, { byteLength }) => sum + byteLength, logits);
      const estimate = estimateMemory(source.config, "fp32", load);
      expect(estimate.kvBytesPerToken).toBe(model.info.kvBytesPerToken);
      // The slots of 64 tokens that those of 128 were copied from.
      const before = load.candidates * 64 * model.info.kvBytesPerToken;
      expect(estimate.kvBytes).toBe(held + prefix.byteLength + batch.byteLength + before);
    } finally {
      await model.dispose();
    }
  });

  test("adds up, and grows with the load", () => {
    const small = estimateMemory(tinyConfig(), "int4", load);
    const { weightBytes, kvBytes, activationBytes, processBytes, totalBytes } = small;
    expect(totalBytes).toBe(weightBytes + kvBytes + activationBytes + processBytes);
    for (const name of ["candidates", "promptTokens", "newTokens"] as const) {
      const larger = estimateMemory(tinyConfig(), "int4", { ...load, [name]: 512 });
      expect(larger.kvBytes).toBeGreaterThan(kvBytes);
      expect(larger.activationBytes).toBeGreaterThanOrEqual(activationBytes);
    }
  });
});

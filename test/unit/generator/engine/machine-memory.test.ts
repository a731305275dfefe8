import { describe, expect, test } from "vitest";
import { activationBytes, assertFitsMachine, availableBytes } from "#generator/engine/machine-memory.js";
import { LIMITS } from "../../../fakes/local-engine.js";
import { createPathModel } from "../../../fakes/path-model.js";

const model = createPathModel();
const { weightBytes } = model.info;

describe("the machine's memory", () => {
  test("is some, and no more than the machine has", () => {
    expect(availableBytes()).toBeGreaterThan(2 ** 26);
  });

  test("must hold weights, a step, and keys and values", () => {
    const needed = weightBytes + activationBytes(model, LIMITS) + LIMITS.maxKvBytes;
    expect(() => assertFitsMachine(model, LIMITS, needed)).not.toThrow();
    expect(() => assertFitsMachine(model, LIMITS, needed - 1)).toThrow(
      `set GENERATOR_MAX_KV_BYTES to at most ${LIMITS.maxKvBytes - 1}`,
    );
    expect(() => assertFitsMachine(model, LIMITS, weightBytes)).toThrow(
      "choose a lower GENERATOR_PRECISION, a smaller model, or a GENERATOR_MAX_BATCH_ROWS of at most 128",
    );
  });

  test("is estimated for contexts that there is room for", () => {
    const short = activationBytes(model, { ...LIMITS, maxKvBytes: 10 * model.info.kvBytesPerToken });
    expect(short).toBe(model.activationBytes(128, 10));
    expect(activationBytes(model, LIMITS)).toBe(model.activationBytes(128, 64));
  });

  test("is estimated for a step of all rows or a run of texts, whichever is larger", () => {
    const many = { ...LIMITS, maxBatchRows: 200 };
    expect(activationBytes(model, many)).toBe(model.activationBytes(200, 64));
    // 32 MiB of logits: 16 tokens of 2^19.
    const wide = { ...model, info: { ...model.info, vocabularySize: 2 ** 19 } };
    expect(activationBytes(wide, LIMITS)).toBe(model.activationBytes(16, 64));
  });
});

import { ServiceError } from "#shared/errors.js";
import type { SamplingRequest } from "#generator/engine/types.js";
import { assertSampling, PLAIN_SAMPLING } from "#generator/sampling/params.js";
import { describe, expect, test } from "vitest";

function violations(request: SamplingRequest): readonly string[] {
  try {
    assertSampling(request, "sampling");
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(error.code).toBe("invalid_argument");
    const fields = error.details.fieldViolations ?? [];
    for (const { field, description } of fields) expect(error.message).toContain(`${field} ${description}`);
    return fields.map(({ field }) => field);
  }
  return [];
}

describe("assertSampling refuses", () => {
  test.each([
    [{ temperature: -0.1 }, "sampling.temperature"],
    [{ temperature: 10.5 }, "sampling.temperature"],
    [{ temperature: NaN }, "sampling.temperature"],
    [{ temperature: Infinity }, "sampling.temperature"],
    [{ topK: 0 }, "sampling.top_k"],
    [{ topK: 2.5 }, "sampling.top_k"],
    [{ topP: 0 }, "sampling.top_p"],
    [{ topP: 1.01 }, "sampling.top_p"],
    [{ topP: NaN }, "sampling.top_p"],
    [{ minP: -0.1 }, "sampling.min_p"],
    [{ minP: 1.5 }, "sampling.min_p"],
    [{ minP: NaN }, "sampling.min_p"],
    [{ repetitionPenalty: 0 }, "sampling.repetition_penalty"],
    [{ repetitionPenalty: 11 }, "sampling.repetition_penalty"],
    [{ stop: [""] }, "sampling.stop[0]"],
    [{ stop: ["fine", "x".repeat(65)] }, "sampling.stop[1]"],
    [{ stop: Array<string>(9).fill("x") }, "sampling.stop"],
  ] as const)("%j", (request, field) => {
    expect(violations(request)).toEqual([field]);
  });

  test("all wrong knobs at once", () => {
    expect(violations({ temperature: -1, topP: 2, stop: [""] })).toEqual([
      "sampling.temperature",
      "sampling.top_p",
      "sampling.stop[0]",
    ]);
  });
});

describe("assertSampling accepts", () => {
  test.each([
    [{}],
    [PLAIN_SAMPLING],
    [{ temperature: 0 }],
    [{ temperature: 10, topK: 1, topP: 1, minP: 1, repetitionPenalty: 0.1 }],
    [{ topP: 1e-9, minP: 0, repetitionPenalty: 10, stop: ["x".repeat(64)] }],
  ])("%j", (request) => {
    expect(violations(request)).toEqual([]);
  });
});

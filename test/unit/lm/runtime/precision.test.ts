import { choosePrecision } from "#shared/lm/runtime/precision.js";
import { expect, test } from "vitest";
import { tinyConfig } from "../../../fakes/tiny-checkpoint.js";

test("auto is fp32 for a small model and int8 for any other; what is asked for is given", () => {
  const small = tinyConfig();
  const large = tinyConfig({ vocabSize: 49152, hiddenSize: 576 });
  expect(choosePrecision("auto", small)).toBe("fp32");
  expect(choosePrecision("auto", large)).toBe("int8");
  expect(choosePrecision("int4", small)).toBe("int4");
  expect(choosePrecision("fp32", large)).toBe("fp32");
});

import { mayProductsSaturate } from "#shared/lm/runtime/processor.js";
import { expect, test } from "vitest";

test.each([
  ["x64", "flags : sse2 avx2 avx512f avx512_vnni", false],
  ["x64", "flags : sse2 avx2 avx_vnni", false],
  ["x64", "flags : sse2 avx2 avx512f", true],
  ["x64", undefined, true],
  ["arm64", undefined, false],
])("on %s with %s products may saturate: %s", (architecture, cpuInfo, expected) => {
  expect(mayProductsSaturate(architecture, cpuInfo ?? "")).toBe(expected);
});

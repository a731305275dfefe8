import { readFileSync } from "node:fs";
import { READABLE_TYPES, tensorType } from "#shared/lm/checkpoint/gguf/tensor-types.js";
import { expect, test } from "vitest";

/** Oracle: test/fixtures/gguf/make_blocks.py, `gguf.quants.dequantize` on random blocks. */
const path = new URL("../../../../fixtures/gguf/blocks.json", import.meta.url);
const golden = JSON.parse(readFileSync(path, "utf8")) as {
  type: string;
  id: number;
  bytes: string;
  values: string;
}[];

const decode = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

test("all types that are read have golden blocks", () => {
  expect(golden.map(({ type }) => type).sort()).toEqual(READABLE_TYPES.map(({ name }) => name).sort());
});

test.each(golden)("$type blocks become the very numbers of ggml's library", ({ type, id, bytes, values }) => {
  const found = tensorType(id)!;
  expect(found.name).toBe(type);
  const packed = decode(bytes);
  const expected = new Float32Array(decode(values).buffer);
  expect(packed.length).toBe((expected.length / found.blockElements) * found.blockBytes);
  const got = new Float32Array(expected.length);
  found.widen(packed, got);
  // Bit for bit, but for the sign of zero.
  expect(got.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
});

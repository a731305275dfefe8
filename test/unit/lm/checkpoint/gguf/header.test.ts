import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { type GgufModel, openGguf } from "#shared/lm/checkpoint/gguf/open.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteLevelMetadata, llamaMetadata, toGgufTensors } from "../../../../fakes/gguf-models.js";
import { floats, ggufBytes, text, u32, u64 } from "../../../../fakes/gguf-writer.js";
import { temporaryDirectory } from "../../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../../fakes/tiny-checkpoint.js";

const directory = await temporaryDirectory();
const path = join(directory, "hostile.gguf");

/** What opening and reading the whole file gives: a model, or the refusal. Anything else is thrown. */
async function attempt(bytes: Uint8Array): Promise<GgufModel | ServiceError> {
  writeFileSync(path, bytes);
  try {
    const model = await openGguf(path);
    model.tokenizerJson();
    for (const name of model.tensors.tensors.keys()) await model.tensors.read(name);
    return model;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const got = await attempt(bytes);
  if (!(got instanceof ServiceError)) throw new Error("expected a refusal, but it opened");
  expect([got.code, got.message]).toEqual(["failed_precondition", expect.stringMatching(/hostile\.gguf/)]);
  return got.message;
}

const counts = (tensors: number | bigint, pairs: number | bigint, version = 3): Buffer =>
  Buffer.concat([Buffer.from("GGUF"), u32(version), u64(tensors), u64(pairs)]);
const zeros = (count: number): Buffer => Buffer.alloc(count);
const tensor = (dims: readonly (number | bigint)[], type: number, offset: number | bigint): Buffer =>
  Buffer.concat([text("t"), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)]);
const oneTensor = (...parts: Buffer[]): Buffer => Buffer.concat([counts(1, 0), ...parts, zeros(256)]);
const onePair = (...parts: Buffer[]): Buffer => Buffer.concat([counts(0, 1), ...parts, zeros(256)]);

describe("a GGUF file is refused when", () => {
  const huge = 2n ** 60n;
  test.each<[string, Buffer, RegExp]>([
    ["it is empty", zeros(0), /ends at byte 0, 4 bytes too early/],
    ["it is something else", Buffer.from("PK\u0003\u0004 and more"), /must begin with "GGUF"/],
    ["its version is 1", counts(0, 0, 1), /version 2 or 3, little-endian, got 1/],
    ["it is big-endian", counts(0, 0, 0x03000000), /got a big-endian file/],
    [
      "it claims 2^60 tensors",
      counts(huge, 0),
      /claims 1152921504606847000 for tensors .* only 8 bytes are left/,
    ],
    [
      "it claims 2^60 pairs",
      Buffer.concat([counts(0, huge), zeros(99)]),
      /for metadata .* only 99 bytes are left/,
    ],
    ["a string has 2^60 bytes", onePair(u64(huge)), /for a string's bytes/],
    [
      "a string is cut short",
      Buffer.concat([counts(0, 1), u64(20), zeros(12)]),
      /claims 20 for a string's bytes/,
    ],
    ["an array has 2^40 strings", onePair(text("a"), u32(9), u32(8), u64(2n ** 40n)), /for values of "a"/],
    ["an array has 2^62 numbers", onePair(text("a"), u32(9), u32(12), u64(2n ** 62n)), /for values of "a"/],
    ["arrays are nested", onePair(text("a"), u32(9), u32(9), u64(1)), /an array of plain values, got type 9/],
    ["a value has an unknown type", onePair(text("a"), u32(13)), /"a" must have a type from 0 to 12, got 13/],
    [
      "a key is there twice",
      Buffer.concat([counts(0, 2), ...[1, 2].flatMap(() => [text("a"), u32(7), zeros(1)]), zeros(9)]),
      /"a" must be there once/,
    ],
    ["the alignment is 0", onePair(text("general.alignment"), u32(4), u32(0)), /power of two .*, got 0/],
    ["the alignment is huge", onePair(text("general.alignment"), u32(10), u64(huge)), /power of two/],
    ["a tensor has 2^31 dimensions", oneTensor(text("t"), u32(2 ** 31)), /1 to 4 dimensions, got 2147483648/],
    ["a tensor has none", oneTensor(tensor([], 0, 0)), /1 to 4 dimensions, got 0/],
    ["a tensor has 2^60 elements", oneTensor(tensor([huge], 0, 0)), /ends at byte \d+, but the file has/],
    [
      "sizes overflow 64 bits",
      oneTensor(tensor([2n ** 32n, 2n ** 32n, 16], 0, 0)),
      /ends at byte .*, but the file has/,
    ],
    ["a size is 0", oneTensor(tensor([0, 4], 0, 0)), /sizes must be at least 1/],
    ["a row is no whole block", oneTensor(tensor([48], 2, 0)), /rows whole blocks of 32, got \[48\] of Q4_0/],
    ["an offset is outside", oneTensor(tensor([4], 0, 2n ** 62n)), /ends at byte .*, but the file has/],
    ["an offset is askew", oneTensor(tensor([4], 0, 4)), /must begin at byte 0 of the data.*got 4/],
    [
      "a type is not read",
      oneTensor(tensor([256], 10, 0)),
      /must be of type F32, .*, got Q2_K; take a file of those/,
    ],
    ["a type is unknown", oneTensor(tensor([256], 99, 0)), /got number 99/],
  ])("%s", async (_, bytes, message) => {
    expect(await refusal(bytes)).toMatch(message);
  });

  test("a tensor is there twice, or lies over another", async () => {
    const twice = [tensor([8], 0, 0), tensor([8], 0, 32)];
    expect(await refusal(Buffer.concat([counts(2, 0), ...twice, zeros(256)]))).toMatch(
      /"t" must be there once/,
    );
    const other = Buffer.concat([text("u"), u32(1), u64(8), u32(0), u64(0)]);
    expect(await refusal(Buffer.concat([counts(2, 0), tensor([8], 0, 0), other, zeros(256)]))).toMatch(
      /"u": must begin at byte 32/,
    );
  });

  test("it is a directory or is not there", async () => {
    await expect(openGguf(directory)).rejects.toMatchObject({
      message: expect.stringMatching(/must be a GGUF file/),
    });
    await expect(openGguf(join(directory, "none.gguf"))).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be opened/),
    });
  });
});

const config = tinyConfig({ vocabSize: 6, hiddenSize: 16, intermediateSize: 16, numLayers: 1, headDim: 4 });
const source = tinySource(config);
const weights = [...source.tensors.tensors.values()].map(({ name, shape }) => ({
  name,
  shape,
  data: source.weights.get(name)!,
}));
const valid = ggufBytes({
  metadata: { ...llamaMetadata(config), ...byteLevelMetadata(["<|end|>", "a", "b", "Ġ", "1", "2"], "gpt-2") },
  tensors: toGgufTensors(weights, { permutedHeads: { q: 4, k: 2 } }),
});
const dataStart = valid.length - weights.reduce((sum, { data }) => sum + Math.ceil(data.length / 8) * 32, 0);

describe("a damaged file", () => {
  test("is refused wherever it ends", async () => {
    expect(await attempt(valid)).not.toBeInstanceOf(ServiceError);
    for (let length = 0; length < dataStart; length++) await refusal(valid.subarray(0, length));
    // The last tensor is padded to a multiple of 32 bytes.
    for (let length = dataStart; length < valid.length - 32; length += 97)
      await refusal(valid.subarray(0, length));
  });

  test("with flipped bits opens or is refused, and is never more than it claims", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(8 * dataStart - 1), { minLength: 1, maxLength: 4 }),
        async (positions) => {
          const bytes = Buffer.from(valid);
          for (const bit of positions) bytes[bit >> 3]! ^= 1 << (bit & 7);
          const got = await attempt(bytes);
          if (got instanceof ServiceError) expect(got.message).toContain("hostile.gguf");
          else
            for (const { offset, byteLength } of got.tensors.tensors.values())
              expect(offset + byteLength).toBeLessThanOrEqual(bytes.length);
        },
      ),
      { numRuns: 600, seed: 4 },
    );
  });

  test("with numbers replaced by hostile ones opens or is refused as a whole", async () => {
    const hostile = fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 60n, 2n ** 64n - 1n);
    await fc.assert(
      fc.asyncProperty(fc.nat(dataStart - 8), hostile, async (at, value) => {
        const bytes = Buffer.from(valid);
        bytes.writeBigUInt64LE(value, at);
        writeFileSync(path, bytes);
        const error: unknown = await loadCheckpoint(path).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(ServiceError);
      }),
      { numRuns: 400, seed: 5 },
    );
  });

  test("of random bytes after a plausible start is refused", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(4),
        fc.nat(4),
        fc.uint8Array({ maxLength: 400 }),
        async (tensors, pairs, noise) => {
          const got = await attempt(Buffer.concat([counts(tensors, pairs), noise]));
          expect(got).toBeInstanceOf(ServiceError);
        },
      ),
      { numRuns: 500, seed: 6 },
    );
  });

  test("costs no more memory than a small multiple of its size", async () => {
    // Each of these would need gigabytes if the claim were believed.
    const claims = [
      Buffer.concat([counts(2n ** 31n, 0), zeros(1 << 20)]),
      onePair(text("a"), u32(9), u32(0), u64(2n ** 31n)),
      onePair(text("a"), u32(9), u32(8), u64(2n ** 31n)),
      onePair(u64(2n ** 31n)),
      oneTensor(tensor([2n ** 31n], 0, 0)),
    ];
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    for (const bytes of claims) await refusal(bytes);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapUsed - arrayBuffers - heapUsed).toBeLessThan(64 << 20);
  });

  test("that holds a number which is none is refused when the tensor is read", async () => {
    const bytes = Buffer.from(valid);
    bytes.writeUInt32LE(0x7fc00000, dataStart);
    expect(await refusal(bytes)).toMatch(/token_embd\.weight": its numbers must be finite, got NaN at 0/);
  });

  test("that was cut after it was opened is refused when it is read", async () => {
    writeFileSync(path, valid);
    const model = await openGguf(path);
    writeFileSync(path, readFileSync(path).subarray(0, dataStart + 10));
    await expect(model.tensors.read("model.norm.weight")).rejects.toMatchObject({
      message: expect.stringMatching(/too early; get/),
    });
  });
});

test("version 2 is read as version 3", async () => {
  const bytes = ggufBytes({
    version: 2,
    metadata: llamaMetadata(config),
    tensors: [floats("output_norm.weight", [2], Float32Array.of(1, 2))],
  });
  writeFileSync(path, bytes);
  expect([...(await (await openGguf(path)).tensors.read("model.norm.weight"))]).toEqual([1, 2]);
});

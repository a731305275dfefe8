import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBfloat16 } from "#shared/half.js";
import { openSafetensors, openShardedSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import { headerLength, parseHeader } from "#shared/lm/checkpoint/safetensors-header.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { ServiceError } from "#shared/errors.js";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "safetensors-"));
afterAll(() => rmSync(dir, { recursive: true }));
let fileCount = 0;

/** A file of our own making: header text or object, then that many bytes. */
function file(header: unknown, data: Uint8Array = new Uint8Array(), claimed?: bigint): string {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(text.length));
  const path = join(dir, `${fileCount++}.safetensors`);
  writeFileSync(path, Buffer.concat([length, text, data]));
  return path;
}

const tensor = (dtype: string, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

async function refusal(open: Promise<unknown>): Promise<string> {
  const error: unknown = await open.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServiceError)) throw new Error(`expected a ServiceError, got ${String(error)}`);
  expect(error.code).toBe("failed_precondition");
  return error.message;
}

describe("a safetensors file is refused when", () => {
  const bytes = new Uint8Array(16);
  test.each([
    ["its header is longer than the file", file({}, bytes, 1000n), /must fit in 18 bytes but claims 1000/],
    ["its header claims 2^64 - 1 bytes", file({}, bytes, 2n ** 64n - 1n), /claims 18446744073709551615/],
    ["its header is no JSON", file("{nonsense", bytes), /must be JSON/],
    ["its header is no object", file("[1]", bytes), /must be a JSON object, got \[1\]/],
    ["a tensor is null", file({ a: null }, bytes), /tensor "a": dtype must/],
    ["a dtype is unknown", file({ a: tensor("F7", [4], 0, 16) }, bytes), /dtype must be one of .*got "F7"/],
    [
      "a dtype is a property of every object",
      file({ a: tensor("constructor", [4], 0, 16) }, bytes),
      /dtype must be one/,
    ],
    ["a shape is no array", file({ a: tensor("F32", "4", 0, 16) }, bytes), /shape must be an array/],
    ["a size is negative", file({ a: tensor("F32", [-2, -2], 0, 16) }, bytes), /shape must be an array/],
    ["a size is a fraction", file({ a: tensor("F32", [4.5], 0, 16) }, bytes), /shape must be an array/],
    [
      "a shape overflows",
      file({ a: tensor("F32", Array(40).fill(2 ** 50), 0, 16) }, bytes),
      /takes Infinity bytes/,
    ],
    [
      "a shape overflows beside a zero",
      file({ a: tensor("F32", [...Array(40).fill(2 ** 50), 0], 0, 0) }),
      /takes NaN bytes/,
    ],
    [
      "a shape says other than the offsets",
      file({ a: tensor("F32", [3], 0, 16) }, bytes),
      /takes 12 bytes.*give it 16/,
    ],
    [
      "an offset is beyond the file",
      file({ a: tensor("F32", [8], 0, 32) }, bytes),
      /data_offsets must be .*16 bytes of data, got \[0,32\]/,
    ],
    ["offsets run backwards", file({ a: tensor("F32", [4], 16, 0) }, bytes), /data_offsets must/],
    [
      "tensors overlap",
      file({ a: tensor("F32", [3], 0, 12), b: tensor("F32", [2], 8, 16) }, bytes),
      /"b".*overlaps/,
    ],
    [
      "there is a gap",
      file({ a: tensor("F32", [1], 0, 4), b: tensor("F32", [2], 8, 16) }, bytes),
      /"b".*gap/,
    ],
    ["bytes are left over", file({ a: tensor("F32", [2], 0, 8) }, bytes), /end at byte .* but the file has/],
    [
      "metadata is no text",
      file({ __metadata__: { a: 1 }, a: tensor("F32", [4], 0, 16) }, bytes),
      /__metadata__ must/,
    ],
  ])("%s", async (_, path, message) => {
    expect(await refusal(openSafetensors(path))).toMatch(message);
  });

  test("it is shorter than a length", async () => {
    const path = join(dir, "short.safetensors");
    writeFileSync(path, "abc");
    expect(await refusal(openSafetensors(path))).toMatch(/at least 8 bytes, this one 3/);
  });

  test("its header is not UTF-8", async () => {
    const path = join(dir, "latin.safetensors");
    writeFileSync(path, Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]));
    expect(await refusal(openSafetensors(path))).toMatch(/UTF-8/);
  });

  test("it is a directory", async () => {
    expect(await refusal(openSafetensors(dir))).toMatch(/must be a safetensors file, got something else/);
  });

  test.each([
    ["F32", Buffer.from(Float32Array.of(1, Number.NaN).buffer), "NaN at 1"],
    ["F16", Buffer.from(Uint16Array.of(0xfc00, 0).buffer), "-Infinity at 0"],
    ["BF16", Buffer.from(Uint16Array.of(0, 0x7f80).buffer), "Infinity at 1"],
  ])("a number of a tensor in %s is not finite", async (dtype, data, got) => {
    const source = await openSafetensors(file({ a: tensor(dtype, [2], 0, data.length) }, data));
    expect(await refusal(source.read("a"))).toMatch(`tensor "a": its numbers must be finite, got ${got}`);
  });

  test("it is not there", async () => {
    expect(await refusal(openSafetensors(join(dir, "none.safetensors")))).toMatch(
      /none\.safetensors: cannot be opened/,
    );
  });

  test("it has become shorter by the time it is read", async () => {
    const path = file({ a: tensor("F32", [4], 0, 16) }, bytes);
    const source = await openSafetensors(path);
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    expect(await refusal(source.read("a"))).toMatch(/4 bytes too early/);
  });

  test("another tensor than those it has is read", async () => {
    const source = await openSafetensors(file({ a: tensor("I64", [2], 0, 16) }, bytes));
    expect(await refusal(source.read("b"))).toMatch(/has no tensor "b"/);
    expect(await refusal(source.read("a"))).toMatch(/dtype must be F32, F16 or BF16 to be read, got I64/);
  });
});

describe("a hostile header", () => {
  const anything = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.constantFrom(null, true, 2 ** 53, -0, "F32"),
  );
  const entry = fc.record(
    {
      dtype: fc.oneof(fc.constantFrom("F32", "F16", "BF16", "I64", "BOOL"), anything),
      shape: fc.oneof(fc.array(fc.nat(4), { maxLength: 3 }), fc.array(anything, { maxLength: 3 }), anything),
      data_offsets: fc.oneof(
        fc.tuple(fc.nat(40), fc.nat(40)),
        fc.array(anything, { maxLength: 3 }),
        anything,
      ),
    },
    { requiredKeys: [] },
  );

  test("is refused with a ServiceError, or describes only bytes that are there, each once", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof({ weight: 5, arbitrary: entry }, anything)),
        fc.nat(40),
        (header, dataBytes) => {
          const text = JSON.stringify(header);
          const start = 8 + Buffer.byteLength(text);
          try {
            const { tensors } = parseHeader("x", text, start + dataBytes);
            let total = 0;
            for (const { offset, byteLength } of tensors.values()) {
              expect(offset).toBeGreaterThanOrEqual(start);
              expect(offset + byteLength).toBeLessThanOrEqual(start + dataBytes);
              total += byteLength;
            }
            expect(total).toBe(dataBytes);
          } catch (error) {
            if (!(error instanceof ServiceError)) throw error;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("of any bytes never makes us read more than the file", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (prefix) => {
        try {
          expect(headerLength("x", prefix, prefix.length)).toBeLessThanOrEqual(prefix.length - 8);
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
        }
      }),
    );
  });
});

describe("reading", () => {
  test("widens F16 and BF16", async () => {
    const data = new Uint8Array(16);
    data.set(new Uint8Array(Float32Array.of(1.5, -2).buffer));
    data.set(new Uint8Array(Uint16Array.of(0x3c00, 0x0001).buffer), 8);
    data.set(new Uint8Array(Uint16Array.of(toBfloat16(3.140625), toBfloat16(-0.25)).buffer), 12);
    const header = {
      a: tensor("F32", [2], 0, 8),
      b: tensor("F16", [2, 1], 8, 12),
      c: tensor("BF16", [2], 12, 16),
    };
    const source = await openSafetensors(file(header, data));
    expect([...(await source.read("a"))]).toEqual([1.5, -2]);
    expect([...(await source.read("b"))]).toEqual([1, 2 ** -24]);
    expect([...(await source.read("c"))]).toEqual([3.140625, -0.25]);
  });

  test("crosses the borders of its chunks", async () => {
    const data = Float32Array.from({ length: (1 << 20) + 7 }, (_, i) => i % 2048);
    for (const dtype of ["F32", "F16"] as const) {
      const path = join(dir, `large-${dtype}.safetensors`);
      await writeSafetensors(path, [{ name: "x", shape: [data.length], data }], { dtype });
      expect(
        Buffer.from((await (await openSafetensors(path)).read("x")).buffer).equals(Buffer.from(data.buffer)),
      ).toBe(true);
    }
  });

  test("stops at an aborted signal", async () => {
    const source = await openSafetensors(file({ a: tensor("F32", [4], 0, 16) }, new Uint8Array(16)));
    await expect(source.read("a", AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});

describe("shards", () => {
  const indexPath = join(dir, "model.safetensors.index.json");
  const writeIndex = (map: unknown) =>
    writeFileSync(indexPath, JSON.stringify({ metadata: {}, weight_map: map }));

  test("are read as one", async () => {
    const part = (name: string, value: number) => [{ name, shape: [1], data: Float32Array.of(value) }];
    await writeSafetensors(join(dir, "model-1.safetensors"), part("a", 1), { dtype: "F32" });
    await writeSafetensors(join(dir, "model-2.safetensors"), part("b", 2), { dtype: "F16" });
    writeIndex({ b: "model-2.safetensors", a: "model-1.safetensors" });
    const source = await openShardedSafetensors(indexPath);
    expect(source.paths).toEqual([join(dir, "model-1.safetensors"), join(dir, "model-2.safetensors")]);
    expect([...source.tensors.keys()].sort()).toEqual(["a", "b"]);
    expect([...(await source.read("b"))]).toEqual([2]);
  });

  test.each([
    ["in another directory", { a: "../elsewhere.safetensors" }, /must be the name of a .safetensors file/],
    ["that is missing", { a: "model-9.safetensors" }, /model-9\.safetensors: cannot be opened/],
    ["without the tensor", { zebra: "model-1.safetensors" }, /says that model-1.safetensors holds "zebra"/],
    ["of no name", { a: 7 }, /must be the name of a .safetensors file/],
    ["of no map", null, /weight_map must be an object/],
  ])("%s are refused", async (_, map, message) => {
    writeIndex(map);
    expect(await refusal(openShardedSafetensors(indexPath))).toMatch(message);
  });
});

describe("writing", () => {
  test("gives back what was put in, and metadata", async () => {
    const path = join(dir, "written.safetensors");
    const tensors = [
      { name: "z", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: "a", shape: [], data: Float32Array.of(-0.5) },
      { name: "empty", shape: [0, 3], data: new Float32Array() },
    ];
    await writeSafetensors(path, tensors, { dtype: "F32", metadata: { format: "pt" } });
    const source = await openSafetensors(path);
    expect(source.tensors.get("z")?.shape).toEqual([2, 2]);
    for (const { name, data } of tensors) expect([...(await source.read(name))]).toEqual([...data]);
    const header = readFileSync(path);
    expect(header.toString("utf8", 8)).toContain('"__metadata__":{"format":"pt"}');
    expect((8 + Number(header.readBigUInt64LE())) % 8).toBe(0);
    await writeSafetensors(join(dir, "other-order.safetensors"), tensors.toReversed(), {
      dtype: "F32",
      metadata: { format: "pt" },
    });
    expect(readFileSync(join(dir, "other-order.safetensors"))).toEqual(header);
  });

  test("refuses what it cannot hold and leaves the old file alone", async () => {
    const path = join(dir, "kept.safetensors");
    await writeSafetensors(path, [{ name: "a", shape: [1], data: Float32Array.of(1) }], { dtype: "F16" });
    const before = readFileSync(path);
    const large = [{ name: "a", shape: [1], data: Float32Array.of(65520) }];
    await expect(writeSafetensors(path, large, { dtype: "F16" })).rejects.toThrow(
      /tensor a: F16 holds values up to 65504/,
    );
    const short = [{ name: "a", shape: [2], data: Float32Array.of(1) }];
    await expect(writeSafetensors(path, short, { dtype: "F32" })).rejects.toThrow(
      /shape \[2\] must have as many values/,
    );
    const twice = [...large, ...large];
    await expect(writeSafetensors(path, twice, { dtype: "F32" })).rejects.toThrow(/unique/);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(dir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

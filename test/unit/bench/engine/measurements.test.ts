/** The pure parts of the engine's benchmark: spread, the schedule of the beam search, GGUF at another precision. */
import { describe, expect, test } from "vitest";
import { beamSchedule, BEAM_16_4 } from "../../../../bench/engine/beam-schedule.js";
import { type Sample, summarise } from "../../../../bench/engine/cell.js";
import { argmax } from "../../../../bench/engine/contestant.js";
import { requantize } from "../../../../bench/engine/requantize.js";
import { fromHalf, toHalf } from "#shared/half.js";

const sample = (ms: number, foreign = 0): Sample => ({ ms, steps: 1, tokens: 1, foreign });
const ms = (each: Sample): number => each.ms;

describe("summarise", () => {
  test("leaves disturbed samples out and counts them", () => {
    const cell = summarise([sample(30), sample(10), sample(20), sample(900, 0.4)], ms);
    expect(cell).toEqual({ median: 20, min: 10, max: 30, n: 3, dropped: 1, disturbed: false });
  });

  test("keeps all, and says so, when none was undisturbed", () => {
    const cell = summarise([sample(10, 0.2), sample(30, 0.9)], ms);
    expect(cell).toEqual({ median: 30, min: 10, max: 30, n: 2, dropped: 0, disturbed: true });
  });
});

describe("beamSchedule", () => {
  const rounds = beamSchedule(BEAM_16_4);

  test("four rows survive every round but the last, and each gets four children", () => {
    expect(rounds).toHaveLength(6);
    for (const { parents } of rounds.slice(0, -1)) {
      expect(parents).toHaveLength(16);
      const counts = [...new Set(parents)].map((row) => parents.filter((parent) => parent === row).length);
      expect(counts).toEqual([4, 4, 4, 4]);
      expect(parents.every((row) => row >= 0 && row < 16)).toBe(true);
    }
    expect(rounds.at(-1)!.parents).toEqual([]);
  });

  test("steps are 12 to 20 tokens, and the same every time", () => {
    expect(rounds.every(({ tokens }) => tokens >= 12 && tokens <= 20)).toBe(true);
    expect(beamSchedule(BEAM_16_4)).toEqual(rounds);
  });
});

test("argmax takes the lower of equal ones, within its range", () => {
  expect(argmax(Float32Array.of(9, 1, 5, 5, 2), 1, 4)).toBe(1);
});

describe("requantize", () => {
  const string = (text: string): Buffer => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const u64 = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const half = (value: number): Buffer => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(toHalf(value));
    return bytes;
  };
  const padded = (bytes: Buffer): Buffer =>
    Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)]);

  /** A vector in F32, and a matrix of one Q4_1 block: value = 0.5 q + 1 with q = i mod 16. */
  const gguf = Buffer.concat([
    padded(
      Buffer.concat([
        Buffer.from("GGUF"),
        u32(3),
        u64(2),
        u64(3),
        string("general.name"),
        u32(8),
        string("tiny"),
        string("general.file_type"),
        u32(4),
        u32(3),
        string("list"),
        u32(9),
        u32(8),
        u64(2),
        string("a"),
        string("bc"),
        string("norm.weight"),
        u32(1),
        u64(2),
        u32(0),
        u64(0),
        string("matrix.weight"),
        u32(2),
        u64(32),
        u64(1),
        u32(3),
        u64(32),
      ]),
    ),
    padded(Buffer.from(Float32Array.of(1.5, -2).buffer)),
    padded(
      Buffer.concat([
        half(0.5),
        half(1),
        Buffer.from(Uint8Array.from({ length: 16 }, (_, i) => i | (i << 4))),
      ]),
    ),
  ]);
  const values = Array.from({ length: 32 }, (_, i) => 0.5 * (i % 16) + 1);

  test("to F16 keeps vectors, values and metadata, but for the file's type", () => {
    const file = requantize(gguf, "F16");
    const typeAt = gguf.indexOf("general.file_type") + "general.file_type".length + 4;
    expect(file.readUInt32LE(typeAt)).toBe(1);
    const data = file.subarray(-96);
    expect([data.readFloatLE(0), data.readFloatLE(4)]).toEqual([1.5, -2]);
    expect(values.map((_, i) => fromHalf(data.readUInt16LE(32 + 2 * i)))).toEqual(values);
  });

  test("to Q8_0 is right to half a step and the rounding of the scale", () => {
    const block = requantize(gguf, "Q8_0").subarray(-64);
    const scale = fromHalf(block.readUInt16LE(0));
    for (const [i, value] of values.entries())
      expect(Math.abs(scale * block.readInt8(2 + i) - value)).toBeLessThanOrEqual(0.6 * scale);
  });
});

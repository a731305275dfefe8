import {
  fromBfloat16,
  fromHalf,
  MAX_HALF,
  narrowHalf,
  toBfloat16,
  toHalf,
  widenBfloat16,
  widenHalf,
} from "#shared/half.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

// Bits worked out by hand: sign, 5 exponent bits (bias 15), 10 mantissa bits.
const HALVES: readonly (readonly [value: number, bits: number])[] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.333251953125, 0x3555],
  [65504, 0x7bff],
  [2 ** -14, 0x0400],
  [2 ** -14 - 2 ** -24, 0x03ff],
  [2 ** -24, 0x0001],
  [-3 * 2 ** -24, 0x8003],
  [Infinity, 0x7c00],
  [-Infinity, 0xfc00],
];

describe("binary16", () => {
  test.each(HALVES)("%d is exactly %i", (value, bits) => {
    expect(toHalf(value)).toBe(bits);
    expect(fromHalf(bits)).toBe(value);
  });

  test.each([
    ["halfway above an even mantissa stays", 1 + 2 ** -11, 0x3c00],
    ["halfway above an odd mantissa goes up", 1 + 3 * 2 ** -11, 0x3c02],
    ["just above halfway goes up", 1 + 2 ** -11 + 2 ** -20, 0x3c01],
    ["a carry raises the exponent", 2 - 2 ** -12, 0x4000],
    ["below the largest half plus half a step stays finite", 65519.99, 0x7bff],
    ["that point itself, even, becomes infinite", 65520, 0x7c00],
    ["half the smallest subnormal becomes zero", 2 ** -25, 0x0000],
    ["one and a half of it becomes two", 1.5 * 2 ** -24, 0x0002],
    ["a subnormal may round up to a normal", 2 ** -14 - 2 ** -26, 0x0400],
    ["what float32 itself cannot hold is zero", -(2 ** -149), 0x8000],
  ])("rounds to nearest even: %s", (_, value, bits) => {
    expect(toHalf(value)).toBe(bits);
  });

  test("keeps NaN", () => {
    expect(fromHalf(toHalf(NaN))).toBeNaN();
    expect(fromHalf(0xfc01)).toBeNaN();
  });

  test("every half survives the way there and back", () => {
    const halves = Array.from({ length: 65536 }, (_, half) => half);
    expect(halves.filter((half) => !Number.isNaN(fromHalf(half)) && toHalf(fromHalf(half)) !== half)).toEqual(
      [],
    );
  });

  test("no half is nearer than the one chosen", () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const bits = toHalf(value);
        const error = Math.abs(fromHalf(bits) - value);
        for (const neighbour of [bits - 1, bits + 1]) {
          if ((neighbour & 0x7fff) > 0x7c00 || neighbour < 0) continue;
          expect(error).toBeLessThanOrEqual(Math.abs(fromHalf(neighbour) - value));
        }
      }),
    );
  });
});

describe("bfloat16", () => {
  test.each([
    [1, 0x3f80],
    [-2, 0xc000],
    [3.140625, 0x4049],
    [2 ** -126, 0x0080],
    [2 ** -133, 0x0001],
    [Infinity, 0x7f80],
    [-Infinity, 0xff80],
  ])("%d is exactly %i", (value, bits) => {
    expect(toBfloat16(value)).toBe(bits);
    expect(fromBfloat16(bits)).toBe(value);
  });

  test.each([
    ["halfway above an even mantissa stays", 1 + 2 ** -8, 0x3f80],
    ["halfway above an odd mantissa goes up", 1 + 3 * 2 ** -8, 0x3f82],
    ["just above halfway goes up", 1 + 2 ** -8 + 2 ** -20, 0x3f81],
    ["the largest float32 becomes infinite", 3.4028234663852886e38, 0x7f80],
  ])("rounds to nearest even: %s", (_, value, bits) => {
    expect(toBfloat16(value)).toBe(bits);
  });

  test("keeps NaN", () => {
    expect(fromBfloat16(toBfloat16(NaN))).toBeNaN();
  });
});

describe("runs", () => {
  test("widen as the single values do", () => {
    const bits = Uint16Array.from([0, 1, 0x3c00, 0x7bff, 0x8400, 0xfc00, 0x4049]);
    const target = new Float32Array(bits.length);
    widenHalf(bits, target);
    expect([...target]).toEqual([...bits].map(fromHalf));
    widenBfloat16(bits, target);
    expect([...target]).toEqual([...bits].map((brain) => Math.fround(fromBfloat16(brain))));
  });

  test("narrow as the single values do, and stay finite beyond the largest half", () => {
    const inside = [0, -0, 1, -2, 1 / 3, 2 ** -14, 2 ** -15, -(2 ** -24), 2 ** -30, 65503, 65519, Infinity];
    const beyond = [65520, -65520, 1e6, -3e38];
    const source = Float32Array.from([...inside, ...beyond, NaN]);
    const target = new Uint16Array(source.length);
    narrowHalf(source, target);
    expect([...target].slice(0, inside.length)).toEqual(inside.map(toHalf));
    expect([...target].slice(inside.length, -1).map(fromHalf)).toEqual(
      beyond.map((value) => Math.sign(value) * MAX_HALF),
    );
    expect(fromHalf(target.at(-1)!)).toBeNaN();
  });

  test("narrow any numbers as the single values do, from any place in a buffer", () => {
    fc.assert(
      fc.property(fc.float32Array({ min: -65504, max: 65504, noNaN: true }), (values) => {
        const source = new Float32Array(values.length + 1);
        source.set(values, 1);
        const target = new Uint16Array(values.length);
        narrowHalf(source.subarray(1), target);
        expect([...target]).toEqual([...values].map(toHalf));
      }),
    );
  });
});

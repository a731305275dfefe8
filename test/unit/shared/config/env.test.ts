import { describe, expect, test } from "vitest";
import { readBool, readEnum, readInt, readString, requireString } from "#shared/config/env.js";

describe("a malformed variable is named, with what must hold and what was got", () => {
  test.each([
    [
      'PORT must be an integer of at least 0 and at most 65535, got "x"',
      () => readInt({ PORT: "x" }, "PORT", 1, { min: 0, max: 65535 }),
    ],
    ['PORT must be an integer of at most 9, got "10"', () => readInt({ PORT: "10" }, "PORT", 1, { max: 9 })],
    ['N must be an integer, got "1.5"', () => readInt({ N: "1.5" }, "N", 1)],
    [
      'N must be an integer, got "99999999999999999999"',
      () => readInt({ N: "99999999999999999999" }, "N", 1),
    ],
    ['N must be an integer, got "0x10"', () => readInt({ N: "0x10" }, "N", 1)],
    ['P must be one of a, b, got "c"', () => readEnum({ P: "c" }, "P", ["a", "b"], "a")],
    ['B must be one of true, false, 1, 0, got "yes"', () => readBool({ B: "yes" }, "B", true)],
    ["DIR must be set: a directory", () => requireString({ DIR: " " }, "DIR", "a directory")],
  ])("%s", (message, read) => {
    expect(read).toThrow(expect.objectContaining({ code: "invalid_argument", message }));
  });
});

describe("a good or missing variable", () => {
  const env = { S: " text ", I: "-7", E: "b", T: "1", EMPTY: "" };

  test("is read as what it says", () => {
    expect(readString(env, "S", undefined)).toBe("text");
    expect(readInt(env, "I", 0)).toBe(-7);
    expect(readEnum(env, "E", ["a", "b"], "a")).toBe("b");
    expect(readBool(env, "T", false)).toBe(true);
  });

  test("takes the default when unset or empty", () => {
    expect(readString(env, "NONE", undefined)).toBeUndefined();
    expect(readInt(env, "EMPTY", 3)).toBe(3);
    expect(readBool(env, "NONE", false)).toBe(false);
  });
});

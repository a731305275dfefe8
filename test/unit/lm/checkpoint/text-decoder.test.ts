import { createTextDecoder } from "#shared/lm/checkpoint/text-decoder.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Tokens that are bytes: the hardest case, every character spread as far as it can be. */
const decodeBytes = (ids: readonly number[]) =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids));

describe("a text decoder over bytes", () => {
  test("gives a character with its last byte", () => {
    const decoder = createTextDecoder(decodeBytes);
    expect([...Buffer.from("a€😀")].map((byte) => decoder.push(byte))).toEqual([
      "a",
      "",
      "",
      "€",
      "",
      "",
      "",
      "😀",
    ]);
    expect(decoder.flush()).toBe("");
  });

  test("gives an unfinished character as U+FFFD at the end", () => {
    const decoder = createTextDecoder(decodeBytes);
    expect(decoder.push(0xe2)).toBe("");
    expect(decoder.push(0x82)).toBe("");
    expect(decoder.flush()).toBe("\ufffd");
  });

  test("gives every text in full, however long and broken", () => {
    const bytes = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }).map((text) => [...Buffer.from(text)]),
      fc.array(fc.nat(255), { maxLength: 60 }),
    );
    fc.assert(
      fc.property(bytes, (ids) => {
        const decoder = createTextDecoder(decodeBytes);
        const given = ids.map((id) => decoder.push(id)).join("") + decoder.flush();
        expect(given).toBe(decodeBytes(ids));
      }),
      { numRuns: 500 },
    );
  });

  test("does not repeat its context", () => {
    const decoder = createTextDecoder(decodeBytes, [...Buffer.from("long before ")]);
    expect(decoder.push(0x61)).toBe("a");
  });
});

test("a decoder that treats the first token differently is asked with context", () => {
  // SentencePiece: a leading space of the whole text is dropped.
  const words = [" Once", " upon", " a"];
  const decode = (ids: readonly number[]) =>
    ids
      .map((id) => words[id])
      .join("")
      .replace(/^ /, "");
  const decoder = createTextDecoder(decode, [0]);
  expect(decoder.push(1) + decoder.push(2)).toBe(" upon a");
});

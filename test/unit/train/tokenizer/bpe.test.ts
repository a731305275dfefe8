import { describe, expect, it } from "vitest";
import { trainTokenizer } from "#train/tokenizer/bpe.js";

const SMALLEST = 258;

describe("trainTokenizer()", () => {
  it("merges the most frequent pair first, equally frequent ones in the order of their text", () => {
    const { merges, vocabulary } = trainTokenizer({ corpus: ["abab cd cd"], vocabularySize: SMALLEST + 4 });
    // Words: "abab" and twice " cd"; ab, Ġc and cd all occur twice.
    expect(merges).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["\u0120", "cd"],
      ["ab", "ab"],
    ]);
    expect(vocabulary.slice(SMALLEST)).toEqual(["ab", "cd", "\u0120cd", "abab"]);
  });

  it("never merges across digits, words or newlines", () => {
    const { merges } = trainTokenizer({ corpus: ["12+12=24\n12+12=24\n"], vocabularySize: SMALLEST + 50 });
    expect(merges).toEqual([]);
  });

  it("starts with the special tokens and all bytes", () => {
    const { vocabulary } = trainTokenizer({ corpus: [], vocabularySize: SMALLEST });
    expect(vocabulary.slice(0, 2)).toEqual(["<|end|>", "<|pad|>"]);
    expect(new Set(vocabulary).size).toBe(SMALLEST);
  });

  it("refuses a vocabulary that cannot hold the bytes", () => {
    expect(() => trainTokenizer({ corpus: [], vocabularySize: 100 })).toThrow(
      "vocabulary_size must be an integer >= 258, got 100",
    );
  });
});

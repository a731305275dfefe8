import { readFileSync } from "node:fs";
import { createTokenizer, type Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeWithShared, loadGolden, sharedPath } from "../../../shared-data.js";

interface GoldenText {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

const read = (...parts: string[]) => readFileSync(sharedPath(...parts)!, "utf8");

function load(model: string): Tokenizer {
  const config = JSON.parse(read("models", model, "tokenizer_config.json")) as Record<string, unknown>;
  return createTokenizer(read("models", model, "tokenizer.json"), config);
}

/** Qwen2.5's tokenizer.json, put together as transformers' Qwen2Tokenizer does from vocabulary and merges. */
function loadQwen(): Tokenizer {
  const dir = ["data", "tokenizers", "qwen2.5"];
  const config = JSON.parse(read(...dir, "tokenizer_config.json")) as Record<string, unknown>;
  const added = Object.entries(config["added_tokens_decoder"] as Record<string, object>);
  const words =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const json = {
    added_tokens: added.map(([id, token]) => ({ id: Number(id), ...token })),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: words }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: "BPE",
      vocab: JSON.parse(read(...dir, "vocab.json")) as unknown,
      merges: read(...dir, "merges.txt")
        .split("\n")
        .filter((line) => line !== ""),
      byte_fallback: false,
      ignore_merges: false,
    },
  };
  return createTokenizer(JSON.stringify(json), config);
}

function goldenSuite(golden: string, loadTokenizer: () => Tokenizer): void {
  const tokenizer = loadTokenizer();
  const { strings, special_literals = [] } = loadGolden("tokenizer", `${golden}.json`).json as Record<
    string,
    GoldenText[]
  >;

  test("encodes all 60 strings as the reference", () => {
    expect(strings).toHaveLength(60);
    for (const { text, ids } of strings!)
      expect([text, tokenizer.encode(text, { addSpecialTokens: false })]).toEqual([text, ids]);
  });

  test("decodes them as the reference, at once and token by token", () => {
    for (const { text, ids, decoded } of strings!) {
      expect([text, tokenizer.decode(ids)]).toEqual([text, decoded]);
      const decoder = tokenizer.createTextDecoder();
      const pieces = ids.map((id) => decoder.push(id));
      expect([text, pieces.join("") + decoder.flush()]).toEqual([text, decoded]);
    }
  });

  test("makes single ids of special literals, and leaves them out of text", () => {
    for (const { text, ids, decoded } of special_literals) {
      expect([text, tokenizer.encode(text, { addSpecialTokens: false })]).toEqual([text, ids]);
      expect(tokenizer.decode(ids, { keepSpecialTokens: true })).toBe(decoded);
      expect(tokenizer.decode(ids)).toBe(decoded.replaceAll(/<\|(im_start|im_end|endoftext)\|>/g, ""));
    }
  });

  test("gives text after any context as it is in the whole", () => {
    const all = strings!.flatMap(({ ids }) => ids);
    fc.assert(
      fc.property(fc.nat(all.length - 60), fc.nat(30), fc.nat(30), (start, before, after) => {
        const context = all.slice(start, start + before);
        const more = all.slice(start + before, start + before + after);
        const shown = tokenizer.decode(context);
        // A border within a character: what the context showed of it stays, and is not shown again.
        fc.pre(!shown.endsWith("\ufffd"));
        const decoder = tokenizer.createTextDecoder(context);
        const text = more.map((id) => decoder.push(id)).join("") + decoder.flush();
        expect(shown + text).toBe(tokenizer.decode([...context, ...more]));
      }),
    );
  });
}

describeWithShared("the stories260K tokenizer", ["models/stories260K", "fixtures/tokenizer"], () => {
  goldenSuite("stories260k", () => load("stories260K"));

  test("puts BOS in front where its post-processor says so", () => {
    const tokenizer = load("stories260K");
    const bare = tokenizer.encode("Once upon a time", { addSpecialTokens: false });
    expect(tokenizer.encode("Once upon a time", { addSpecialTokens: true })).toEqual([1, ...bare]);
    expect(tokenizer.encode("", { addSpecialTokens: true })).toEqual([1]);
    expect(tokenizer.decode([1, ...bare, 2])).toBe("Once upon a time");
  });
});

describeWithShared("the SmolLM2 tokenizer", ["models/smollm2-135m-instruct", "fixtures/tokenizer"], () => {
  goldenSuite("smollm2", () => load("smollm2-135m-instruct"));

  test("drops bytes without a token, as the reference does", () => {
    const tokenizer = load("smollm2-135m-instruct");
    const dropped = loadGolden("tokenizer", "smollm2.json").json["dropped_bytes"] as GoldenText[];
    for (const { text, ids } of dropped) {
      expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
    }
  });
});

describeWithShared("the Qwen2.5 tokenizer", ["data/tokenizers/qwen2.5", "fixtures/tokenizer"], () => {
  goldenSuite("qwen2_5", loadQwen);
});

describe("createTokenizer", () => {
  const tiny = (change: object = {}) =>
    JSON.stringify({
      added_tokens: [{ id: 3, content: "<eos>", special: true }],
      normalizer: null,
      pre_tokenizer: { type: "Digits", individual_digits: false },
      post_processor: null,
      decoder: { type: "Fuse" },
      model: {
        type: "BPE",
        vocab: { a: 0, "1": 1, "½": 2, "1½": 4, a1: 5 },
        merges: [
          ["1", "½"],
          ["a", "1"],
        ],
      },
      ...change,
    });

  test.each([
    ["what is no JSON", "{", /tokenizer\.json: must be JSON/],
    ["what is no object", "[]", /tokenizer\.json: must be a JSON object, got \[\]/],
    [
      "what has no model",
      tiny({ model: undefined }),
      /tokenizer\.json: must be a tokenizer of a supported kind/,
    ],
    [
      "a pre-tokenizer of an unknown kind",
      tiny({ pre_tokenizer: { type: "Clairvoyant" } }),
      /supported kind: .*Clairvoyant/,
    ],
  ])("refuses %s", (_, text, message) => {
    expect(() => createTokenizer(text, {})).toThrow(message);
  });

  test("splits digits of every script, together or one by one", () => {
    const together = createTokenizer(tiny(), {});
    expect(together.encode("a1½a", { addSpecialTokens: false })).toEqual([0, 4, 0]);
    const single = createTokenizer(tiny({ pre_tokenizer: { type: "Digits", individual_digits: true } }), {});
    expect(single.encode("a1½a", { addSpecialTokens: false })).toEqual([0, 1, 2, 0]);
  });

  test("knows its size, its special tokens, and decodes nothing to nothing", () => {
    const tokenizer = createTokenizer(tiny(), {});
    expect(tokenizer.vocabularySize).toBe(6);
    expect(tokenizer.specialTokenIds).toEqual([3]);
    expect(tokenizer.tokenToId("<eos>")).toBe(3);
    expect(tokenizer.idToToken(4)).toBe("1½");
    expect(tokenizer.decode([])).toBe("");
    expect(tokenizer.decode([3, 77])).toBe("");
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

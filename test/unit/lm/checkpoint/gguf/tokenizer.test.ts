import { readFileSync } from "node:fs";
import { type ChatMessage, createChatTemplate } from "#shared/lm/checkpoint/chat-template.js";
import { Metadata } from "#shared/lm/checkpoint/gguf/metadata.js";
import { type GgufModel, openGguf } from "#shared/lm/checkpoint/gguf/open.js";
import { toTokenizerJson } from "#shared/lm/checkpoint/gguf/tokenizer-json.js";
import { createTokenizer, type Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { beforeAll, expect, test } from "vitest";
import { describeWithShared, loadGolden, sharedPath } from "../../../../shared-data.js";

interface GoldenText {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}
interface Chat {
  readonly messages: readonly ChatMessage[];
  readonly add_generation_prompt: boolean;
  readonly text: string;
  readonly ids: readonly number[];
}

const SMOLLM2 = "models/smollm2-135m-instruct";

describeWithShared("the tokenizer of SmolLM2's GGUF file", [SMOLLM2, "fixtures/tokenizer"], () => {
  let gguf: GgufModel;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    gguf = await openGguf(sharedPath(SMOLLM2, "SmolLM2-135M-Instruct.Q4_1.gguf")!);
    tokenizer = createTokenizer(JSON.stringify(gguf.tokenizerJson()), gguf.tokenizerConfig);
  });
  const golden = loadGolden("tokenizer", "smollm2.json").json as Record<string, GoldenText[]>;

  test("has the tokens, merges and special tokens of tokenizer.json", () => {
    const file = JSON.parse(readFileSync(sharedPath(SMOLLM2, "tokenizer.json")!, "utf8")) as {
      added_tokens: unknown;
      post_processor: unknown;
      decoder: unknown;
      model: { vocab: unknown; merges: string[][] };
    };
    const { added_tokens, post_processor, model } = gguf.tokenizerJson() as typeof file;
    expect(added_tokens).toEqual(file.added_tokens);
    expect(post_processor).toEqual(file.post_processor);
    const entries = (vocab: unknown) =>
      JSON.stringify(Object.entries(vocab as Record<string, number>).sort(([, a], [, b]) => a - b));
    // As text: toEqual takes seconds for so many.
    expect(entries(model.vocab) === entries(file.model.vocab)).toBe(true);
    expect(model.merges.join("\n") === file.model.merges.map((pair) => pair.join(" ")).join("\n")).toBe(true);
  });

  test("encodes and decodes every string as the reference", () => {
    expect(golden["strings"]).toHaveLength(60);
    for (const { text, ids, decoded } of golden["strings"]!) {
      expect([text, tokenizer.encode(text, { addSpecialTokens: true })]).toEqual([text, ids]);
      expect([text, tokenizer.decode(ids)]).toEqual([text, decoded]);
    }
    for (const { text, ids } of [...golden["special_literals"]!, ...golden["dropped_bytes"]!])
      expect([text, tokenizer.encode(text, { addSpecialTokens: false })]).toEqual([text, ids]);
  });

  test("has the chat template that renders as the reference", () => {
    const template = createChatTemplate(undefined, gguf.tokenizerConfig)!;
    for (const { messages, add_generation_prompt, text, ids } of loadGolden("tokenizer", "smollm2_chat.json")
      .json["chats"] as Chat[]) {
      expect(template.render(messages, add_generation_prompt)).toBe(text);
      expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
    }
  });
});

const QWEN = "data/tokenizers/qwen2.5";

describeWithShared("a tokenizer of Qwen2.5's vocabulary and merges", [QWEN, "fixtures/tokenizer"], () => {
  test("encodes every string as the reference", () => {
    const read = (file: string) => readFileSync(sharedPath(QWEN, file)!, "utf8");
    const tokens = Object.entries(JSON.parse(read("vocab.json")) as Record<string, number>).map(
      ([text, id]) => [id, text, 1] as const,
    );
    const config = JSON.parse(read("tokenizer_config.json")) as {
      added_tokens_decoder: Record<string, { content: string; special: boolean }>;
    };
    const added = Object.entries(config.added_tokens_decoder).map(
      ([id, { content, special }]) => [Number(id), content, special ? 3 : 4] as const,
    );
    const all = [...tokens, ...added].sort(([a], [b]) => a - b);
    expect(all.every(([id], at) => id === at)).toBe(true);
    const metadata = new Metadata(
      "qwen.gguf",
      3,
      new Map<string, string | string[] | Float64Array>([
        ["tokenizer.ggml.model", "gpt2"],
        ["tokenizer.ggml.pre", "qwen2"],
        ["tokenizer.ggml.tokens", all.map(([, text]) => text)],
        ["tokenizer.ggml.token_type", Float64Array.from(all, ([, , type]) => type)],
        ["tokenizer.ggml.merges", read("merges.txt").trim().split("\n")],
      ]),
    );
    const tokenizer = createTokenizer(JSON.stringify(toTokenizerJson(metadata)), {});
    const golden = loadGolden("tokenizer", "qwen2_5.json").json as Record<string, GoldenText[]>;
    for (const { text, ids } of [...golden["strings"]!, ...golden["special_literals"]!])
      expect([text, tokenizer.encode(text, { addSpecialTokens: false })]).toEqual([text, ids]);
  });
});

import { readFileSync } from "node:fs";
import { type ChatMessage, createChatTemplate } from "#shared/lm/checkpoint/chat-template.js";
import { type GgufModel, openGguf } from "#shared/lm/checkpoint/gguf/open.js";
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
    expect(model.vocab).toEqual(file.model.vocab);
    expect(model.merges).toEqual(file.model.merges.map((pair) => pair.join(" ")));
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

import { readFileSync } from "node:fs";
import { type ChatMessage, createChatTemplate } from "#shared/lm/checkpoint/chat-template.js";
import { createTokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { describe, expect, test } from "vitest";
import { describeWithShared, loadGolden, sharedPath } from "../../../shared-data.js";

interface Chat {
  readonly name: string;
  readonly messages: readonly ChatMessage[];
  readonly add_generation_prompt: boolean;
  readonly text: string;
  readonly ids: readonly number[];
}

const readConfig = (...parts: string[]) =>
  JSON.parse(readFileSync(sharedPath(...parts, "tokenizer_config.json")!, "utf8")) as Record<string, unknown>;
const chats = (name: string) => loadGolden("tokenizer", `${name}_chat.json`).json["chats"] as Chat[];

describeWithShared(
  "the SmolLM2 chat template",
  ["models/smollm2-135m-instruct", "fixtures/tokenizer"],
  () => {
    test("renders and encodes every conversation as the reference", () => {
      const config = readConfig("models", "smollm2-135m-instruct");
      const template = createChatTemplate(undefined, config)!;
      const path = sharedPath("models", "smollm2-135m-instruct", "tokenizer.json")!;
      const tokenizer = createTokenizer(readFileSync(path, "utf8"), config);
      expect(chats("smollm2")).toHaveLength(10);
      for (const { messages, add_generation_prompt, text, ids } of chats("smollm2")) {
        expect(template.render(messages, add_generation_prompt)).toBe(text);
        expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
      }
    });
  },
);

describeWithShared("the Qwen2.5 chat template", ["data/tokenizers/qwen2.5", "fixtures/tokenizer"], () => {
  test("renders every conversation as the reference", () => {
    const template = createChatTemplate(undefined, readConfig("data", "tokenizers", "qwen2.5"))!;
    expect(chats("qwen2_5")).toHaveLength(10);
    for (const { messages, add_generation_prompt, text } of chats("qwen2_5")) {
      expect(template.render(messages, add_generation_prompt)).toBe(text);
    }
  });
});

describe("createChatTemplate", () => {
  const messages = [{ role: "user", content: "hi" }];

  test("finds none where there is none", () => {
    expect(createChatTemplate(undefined, {})).toBeUndefined();
    expect(createChatTemplate(undefined, { chat_template: null })).toBeUndefined();
  });

  test("prefers the file, takes the default of several, and knows the special tokens", () => {
    const config = {
      chat_template: [
        { name: "tool_use", template: "tools" },
        { name: "default", template: "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}" },
      ],
      bos_token: { content: "<s>", special: true },
      eos_token: "</s>",
    };
    expect(createChatTemplate(undefined, config)?.render(messages, false)).toBe("<s>hi</s>");
    expect(createChatTemplate("{{ add_generation_prompt }}", config)?.render(messages, true)).toMatch(
      /true/i,
    );
  });

  test("is known by the hash of its text", () => {
    // printf '{{ messages[0].content }}' | sha256sum
    const hash = "21b1d9c74a217211f93d54eca585c322017b9008d86619712ec946b10cf156f1";
    expect(createChatTemplate("{{ messages[0].content }}", {})?.hash).toBe(hash);
    expect(createChatTemplate(undefined, { chat_template: "{{ messages[0].content }}" })?.hash).toBe(hash);
  });

  test.each([
    ["that cannot be parsed", "{% if %}", {}, /chat template: must be a Jinja template/],
    ["that is a number", undefined, { chat_template: 5 }, /chat_template must be text or an array .* got 5/],
    [
      "that is never the default",
      undefined,
      { chat_template: [{ name: "rag", template: "" }] },
      /called "default"/,
    ],
  ])("refuses a template %s", (_, file, config, message) => {
    expect(() => createChatTemplate(file, config)).toThrow(message);
  });

  test("says what the template objects to", () => {
    const template = createChatTemplate("{{ raise_exception('roles must alternate') }}", {})!;
    expect(() => template.render(messages, true)).toThrow(/messages must suit .* roles must alternate/);
  });
});

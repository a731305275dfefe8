/** A checkpoint's chat template: conversation in, the text that the model was trained to continue out. */
import { createHash } from "node:crypto";
import { Template } from "@huggingface/jinja";
import { ServiceError } from "#shared/errors.js";
import { isJsonObject, type JsonObject, reasonOf } from "./json.js";
import { quote, refuseFile } from "./refusal.js";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatTemplate {
  /** SHA-256 of the template's text, hex. */
  readonly hash: string;
  /**
   * Text to encode without added special tokens: a template writes its own.
   * @throws ServiceError `invalid_argument` when the template refuses the conversation (an unknown role, say).
   */
  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): string;
}

/**
 * @param file content of chat_template.jinja, which wins where it exists
 * @param config content of tokenizer_config.json
 * @returns undefined for a model that has no template: a base model, to be given plain text.
 * @throws ServiceError `failed_precondition` when there is a template that cannot be parsed
 */
export function createChatTemplate(file: string | undefined, config: JsonObject): ChatTemplate | undefined {
  const source = file ?? templateOf(config["chat_template"]);
  if (source === undefined) return undefined;
  const template = parse(source);
  const specialTokens = {
    bos_token: tokenText(config["bos_token"]),
    eos_token: tokenText(config["eos_token"]),
  };
  return {
    hash: createHash("sha256").update(source).digest("hex"),
    render(messages, addGenerationPrompt) {
      try {
        return template.render({ ...specialTokens, messages, add_generation_prompt: addGenerationPrompt });
      } catch (cause) {
        throw new ServiceError(
          "invalid_argument",
          `messages must suit the model's chat template, which says: ${reasonOf(cause)}`,
          {},
          { cause },
        );
      }
    },
  };
}

function parse(source: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    throw refuseFile("chat template", `must be a Jinja template: ${reasonOf(cause)}`, { cause });
  }
}

/** A template, or the one called "default" of several. */
function templateOf(value: unknown): string | undefined {
  if (value == null) return undefined;
  if (typeof value === "string") return value;
  const named: readonly unknown[] = Array.isArray(value) ? value : [];
  const template = named.filter(isJsonObject).find((entry) => entry["name"] === "default")?.["template"];
  if (typeof template === "string") return template;
  const must = 'chat_template must be text or an array with a template called "default"';
  throw refuseFile("tokenizer_config.json", `${must}, got ${quote(value)}`);
}

/** Special tokens are written as text, or as an object around it. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const content = isJsonObject(value) ? value["content"] : undefined;
  return typeof content === "string" ? content : undefined;
}

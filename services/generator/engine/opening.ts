/** A request to open a session becomes what the engine can run: token ids, a stacked probe, the sampling in effect. */
import { ServiceError, invalidField } from "#shared/errors.js";
import type { ChatTemplate } from "#shared/lm/checkpoint/chat-template.js";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import type { LanguageModelInfo } from "#shared/lm/types.js";
import { type StackedProbe, stackProbes } from "./probes.js";
import type { GeneratorInfo, OpenSession, Prompt, Sampling } from "./types.js";

/** Text to token ids and back, as the model knows them. */
export interface TextModel {
  readonly tokenizer: Tokenizer;
  /** Absent for a model without one. */
  readonly chatTemplate?: ChatTemplate;
  /** Tokens that end a text. */
  readonly eosTokenIds: readonly number[];
}

export interface PreparedOpening {
  readonly promptTokenIds: readonly number[];
  readonly sampling: Sampling;
  readonly seed: number;
  readonly stepDelimiter: string;
  readonly probe: StackedProbe | undefined;
  readonly includePromptProbe: boolean;
}

/** Throws what `Engine.openSession` promises for requests that do not fit the model. */
export function prepareOpening(
  request: OpenSession,
  info: GeneratorInfo,
  model: LanguageModelInfo,
  text: TextModel,
): PreparedOpening {
  const probe = stackProbes(request.probes, model);
  const promptTokenIds = toTokenIds(request.prompt, info, text);
  assertPrompt(promptTokenIds, info);
  return {
    promptTokenIds,
    sampling: { ...info.defaultSampling, ...request.sampling },
    seed: request.seed,
    stepDelimiter: request.stepDelimiter ?? info.stepDelimiter,
    probe,
    includePromptProbe: request.includePromptProbe && probe !== undefined,
  };
}

function toTokenIds(
  prompt: Prompt,
  info: GeneratorInfo,
  { tokenizer, chatTemplate }: TextModel,
): readonly number[] {
  if (prompt.kind === "tokens") return prompt.tokenIds;
  if (prompt.kind === "text") {
    assertBytes("open.prompt", prompt.text, info);
    return tokenizer.encode(prompt.text, { addSpecialTokens: true });
  }
  if (chatTemplate === undefined)
    throw invalidField(
      "open.messages",
      `cannot be given to ${info.model}, which has no chat template; send open.prompt`,
    );
  const rendered = chatTemplate.render(prompt.messages, true);
  assertBytes("open.messages", rendered, info);
  return tokenizer.encode(rendered, { addSpecialTokens: false });
}

/** Tokenizing takes time in proportion; what is too long for any context is not begun. */
function assertBytes(field: string, text: string, { limits }: GeneratorInfo): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxPromptBytes)
    throw invalidField(field, `must have at most ${limits.maxPromptBytes} bytes, got ${bytes}; shorten it`);
}

function assertPrompt(tokenIds: readonly number[], info: GeneratorInfo): void {
  const { contextLength, vocabularySize } = info;
  if (tokenIds.length === 0) throw invalidField("open.prompt", "must have at least one token, got none");
  if (tokenIds.length + 1 > contextLength)
    throw new ServiceError(
      "invalid_argument",
      `the prompt and one more token must fit the context of ${contextLength} tokens, got a prompt of ${tokenIds.length}; shorten it`,
      {
        reason: "PROMPT_TOO_LONG",
        fieldViolations: [
          {
            field: "open.prompt",
            description: `has ${tokenIds.length} tokens, at most ${contextLength - 1} fit`,
          },
        ],
      },
    );
  const wrong = tokenIds.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (wrong >= 0)
    throw invalidField(
      `open.prompt_token_ids.ids[${wrong}]`,
      `must be in [0, ${vocabularySize - 1}], got ${tokenIds[wrong]}`,
    );
}

/** A request to open a session becomes what the engine can run: token ids, stacked probes, the sampling in effect. */
import { ServiceError, invalidField } from "#shared/errors.js";
import type { ChatTemplate } from "#shared/lm/checkpoint/chat-template.js";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import type { LanguageModelInfo, LinearProbe } from "#shared/lm/types.js";
import { stackProbes } from "./probes.js";
import type { PromptRequest } from "./prompt-queue.js";
import type { GeneratorInfo, OpenSession, Prompt, Sampling } from "./types.js";

/** Text to token ids and back, as the model knows them. */
export interface TextModel {
  readonly tokenizer: Tokenizer;
  /** Absent for a model without one. */
  readonly chatTemplate?: ChatTemplate;
  /** Tokens that end a text. */
  readonly eosTokenIds: readonly number[];
  /** Of the vocabulary's longest token; see `longestToken`. */
  readonly maxTokenCharacters: number;
}

/** Characters of the longest token of a vocabulary. */
export function longestToken(tokenizer: Pick<Tokenizer, "vocabularySize" | "idToToken">): number {
  let longest = 1;
  for (let id = 0; id < tokenizer.vocabularySize; id++)
    longest = Math.max(longest, tokenizer.idToToken(id)?.length ?? 0);
  return longest;
}

/** Normalizers may shorten a text before it is cut into tokens; none makes one of four characters. */
const NORMALIZER_MARGIN = 4;

export interface PreparedOpening {
  readonly prompt: PromptRequest;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly stepDelimiter: string;
  readonly probes: readonly LinearProbe[];
  readonly includeHiddenStates: boolean;
}

/** Throws what `Engine.openSession` promises for requests that do not fit the model. */
export function prepareOpening(
  request: OpenSession,
  info: GeneratorInfo,
  model: LanguageModelInfo,
  text: TextModel,
): PreparedOpening {
  const probes = stackProbes(request.probes, model);
  const tokenIds = toPromptTokens("open.", request.prompt, info, text);
  return {
    prompt: {
      tokenIds,
      salt: request.cacheSalt,
      priority: request.priority,
      probes: request.includePromptProbe ? probes : [],
    },
    sampling: { ...info.defaultSampling, ...request.sampling },
    seed: request.seed,
    stepDelimiter: request.stepDelimiter ?? info.stepDelimiter,
    probes,
    includeHiddenStates: request.includeHiddenStates === true,
  };
}

/** The ids of a prompt that fits the model. `prefix` is what stands before the prompt's fields in the request. */
export function toPromptTokens(
  prefix: "open." | "",
  prompt: Prompt,
  info: GeneratorInfo,
  text: TextModel,
): readonly number[] {
  const tokenIds = toTokenIds(prefix, prompt, info, text);
  const { contextLength } = info;
  if (tokenIds.length === 0) throw invalidField(`${prefix}prompt`, "must have at least one token, got none");
  if (tokenIds.length + 1 > contextLength)
    throw new ServiceError(
      "invalid_argument",
      `the prompt and one more token must fit the context of ${contextLength} tokens, got a prompt of ${tokenIds.length}; shorten it`,
      {
        reason: "PROMPT_TOO_LONG",
        fieldViolations: [
          {
            field: `${prefix}prompt`,
            description: `has ${tokenIds.length} tokens, at most ${contextLength - 1} fit`,
          },
        ],
      },
    );
  assertInVocabulary(`${prefix}prompt_token_ids.ids`, tokenIds, info);
  return tokenIds;
}

/** Throws invalid_argument, naming the id's place in `field`. */
export function assertInVocabulary(
  field: string,
  tokenIds: readonly number[],
  { vocabularySize }: Pick<GeneratorInfo, "vocabularySize">,
): void {
  const wrong = tokenIds.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (wrong >= 0)
    throw invalidField(`${field}[${wrong}]`, `must be in [0, ${vocabularySize - 1}], got ${tokenIds[wrong]}`);
}

function toTokenIds(
  prefix: string,
  prompt: Prompt,
  info: GeneratorInfo,
  model: TextModel,
): readonly number[] {
  if (prompt.kind === "tokens") return prompt.tokenIds;
  if (prompt.kind === "text") return encode(`${prefix}prompt`, prompt.text, true, info, model);
  if (model.chatTemplate === undefined)
    throw invalidField(
      `${prefix}messages`,
      `cannot be given to ${info.model}, which has no chat template; send ${prefix}prompt`,
    );
  const rendered = model.chatTemplate.render(prompt.messages, true);
  return encode(`${prefix}messages`, rendered, false, info, model);
}

/**
 * Tokenizing may take time with the square of a text's length, and all sessions wait for it; what cannot fit the context
 * is not begun.
 */
export function encode(
  field: string,
  text: string,
  addSpecialTokens: boolean,
  { contextLength, limits }: GeneratorInfo,
  { tokenizer, maxTokenCharacters }: TextModel,
): readonly number[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxPromptBytes)
    throw invalidField(field, `must have at most ${limits.maxPromptBytes} bytes, got ${bytes}; shorten it`);
  const mostCharacters = NORMALIZER_MARGIN * contextLength * maxTokenCharacters;
  if (text.length > mostCharacters)
    throw invalidField(
      field,
      `must fit the context of ${contextLength} tokens, for which ${mostCharacters} characters are too many; got ${text.length}, shorten it`,
    );
  return tokenizer.encode(text, { addSpecialTokens });
}

/** A request for features becomes what the engine can run: token ids that fit the model, and how they are cut. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { ServiceError, invalidField } from "#shared/errors.js";
import type { LanguageModelInfo } from "#shared/lm/types.js";
import { type TextModel, assertInVocabulary, encode, toPromptTokens } from "./opening.js";
import type { PromptRequest } from "./prompt-queue.js";
import type { Continuation, Features, FeaturizeRequest, GeneratorInfo } from "./types.js";

/** Values of one event: small pieces, so that a reader who is slow holds little. */
const EVENT_BYTES = 2 ** 20;
/** Of one token, and so of one event: what gRPC clients that were not told otherwise take (4 MiB), with a margin. */
const MAX_TOKEN_BYTES = 3 * 2 ** 20;
/** Tokens of one run, those that only fill up shorter rows included: as many as of a prompt. */
const MAX_RUN_TOKENS = 128;
/** Their logits, which all have to be there; a large vocabulary has fewer tokens. */
const MAX_LOGIT_BYTES = 32 * 2 ** 20;

export interface PreparedFeatures {
  readonly prompt: PromptRequest;
  /** Token ids. */
  readonly continuations: readonly (readonly number[])[];
  readonly features: Features;
  /** Numbers per token. */
  readonly width: number;
  /** Tokens of one event. */
  readonly eventTokens: number;
}

/** Tokens that one run may have. */
export function runTokens({ vocabularySize }: Pick<LanguageModelInfo, "vocabularySize">): number {
  const logitBytes = vocabularySize * Float32Array.BYTES_PER_ELEMENT;
  return Math.min(MAX_RUN_TOKENS, Math.max(1, Math.floor(MAX_LOGIT_BYTES / logitBytes)));
}

/** Throws what `Engine.featurize` promises for requests that do not fit the model. Others get on between two texts. */
export async function prepareFeatures(
  request: FeaturizeRequest,
  info: GeneratorInfo,
  text: TextModel,
  signal: AbortSignal,
): Promise<PreparedFeatures> {
  const { features, priority, cacheSalt: salt } = request;
  const width = features === "logits" ? info.vocabularySize : info.hiddenStateCount * info.hiddenSize;
  const tokenBytes = width * Uint16Array.BYTES_PER_ELEMENT;
  if (tokenBytes > MAX_TOKEN_BYTES)
    throw invalidField(
      "features",
      `must have at most ${MAX_TOKEN_BYTES} bytes a token, got ${tokenBytes} for ${width} numbers; use a probe in Expand`,
    );
  const tokenIds = toPromptTokens("", request.prompt, info, text);
  const continuations: (readonly number[])[] = [];
  for (const [index, continuation] of request.continuations.entries()) {
    continuations.push(toContinuation(index, continuation, tokenIds.length, info, text));
    if (continuation.kind === "text") await nextTurn();
    signal.throwIfAborted();
  }
  return {
    prompt: { tokenIds, salt, priority, probes: [] },
    continuations,
    features,
    width,
    eventTokens: Math.max(1, Math.floor(EVENT_BYTES / tokenBytes)),
  };
}

function toContinuation(
  index: number,
  continuation: Continuation,
  promptTokens: number,
  info: GeneratorInfo,
  text: TextModel,
): readonly number[] {
  const field = `continuations[${index}]`;
  const kind = continuation.kind === "text" ? "text" : "token_ids.ids";
  const tokenIds =
    continuation.kind === "text"
      ? encode(`${field}.text`, continuation.text, false, info, text)
      : continuation.tokenIds;
  if (tokenIds.length === 0) throw invalidField(`${field}.${kind}`, "must have at least one token, got none");
  const { contextLength } = info;
  if (promptTokens + tokenIds.length > contextLength)
    throw new ServiceError(
      "invalid_argument",
      `prompt and ${field} must fit the context of ${contextLength} tokens, got ${promptTokens} and ${tokenIds.length}; shorten it`,
      {
        reason: "CONTINUATION_TOO_LONG",
        fieldViolations: [
          {
            field: `${field}.${kind}`,
            description: `has ${tokenIds.length} tokens, at most ${contextLength - promptTokens} fit behind the prompt`,
          },
        ],
      },
    );
  assertInVocabulary(`${field}.${kind}`, tokenIds, info);
  return tokenIds;
}

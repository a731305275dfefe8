/** What callers may ask of a model. */
import { ServiceError } from "#shared/errors.js";
import type { ModelConfig } from "../checkpoint/config.js";
import type { Wanted } from "../types.js";

/** @throws ServiceError `invalid_argument` unless there is a token and every id is in the vocabulary. */
export function assertTokenIds(tokenIds: readonly number[], { vocabSize }: ModelConfig): void {
  if (tokenIds.length === 0) throw refuse("there must be at least one new token, got none");
  const wrong = tokenIds.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (wrong !== undefined) throw refuse(`token ids must be integers in [0, ${vocabSize}), got ${wrong}`);
}

/** @throws ServiceError `invalid_argument` when prompt and continuation together exceed the context. */
export function assertFits(tokens: number, { contextLength }: ModelConfig): void {
  if (tokens <= contextLength) return;
  throw refuse(
    `prompt and continuation must fit in the model's context of ${contextLength} tokens, got ${tokens}`,
    "CONTEXT_EXCEEDED",
  );
}

/** @throws ServiceError `invalid_argument` when a probe's weights do not have its shape. */
export function assertWanted({ probes = [] }: Wanted, config: ModelConfig): void {
  for (const { input, weights, outputs } of probes) {
    const width = input === "logits" ? config.vocabSize : (config.numLayers + 1) * config.hiddenSize;
    if (outputs > 0 && weights.length === outputs * width) continue;
    throw refuse(
      `a probe must have weights of shape [outputs, ${width}], got ${weights.length} for ${outputs} outputs`,
    );
  }
}

function refuse(message: string, reason?: string): ServiceError {
  return new ServiceError("invalid_argument", message, reason === undefined ? {} : { reason });
}

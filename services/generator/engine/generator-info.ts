/** What the generator tells about itself, from the checkpoint and the server's limits. */
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import type { LanguageModelInfo } from "#shared/lm/types.js";
import { PLAIN_SAMPLING } from "#generator/sampling/params.js";
import type { EngineLimits, GeneratorInfo } from "./types.js";

export function toGeneratorInfo(
  { name, tokenizer, generation, chatTemplate }: Checkpoint,
  model: LanguageModelInfo,
  limits: EngineLimits,
): GeneratorInfo {
  const { stepDelimiter, ...sampling } = generation;
  return {
    model: name,
    architecture: model.architecture,
    modelHash: model.hash,
    tokenizerHash: tokenizer.hash,
    precision: model.precision,
    parameterCount: model.parameterCount,
    flopsPerToken: model.flopsPerToken,
    vocabularySize: model.vocabularySize,
    contextLength: model.contextLength,
    hiddenSize: model.hiddenSize,
    hiddenStateCount: model.hiddenStateCount,
    stepDelimiter,
    defaultSampling: { ...PLAIN_SAMPLING, ...sampling },
    hasChatTemplate: chatTemplate !== undefined,
    chatTemplateHash: chatTemplate?.hash ?? "",
    limits,
  };
}

/** The generator's messages as the search's types, and back. */
import { ServiceError } from "#shared/errors.js";
import type { GetModelInfoResponse__Output } from "#shared/rpc/gen/deliberate/v1/GetModelInfoResponse.js";
import type { FinishReason__Output } from "#shared/rpc/gen/deliberate/v1/FinishReason.js";
import type { Grow } from "#shared/rpc/gen/deliberate/v1/Grow.js";
import type { Open } from "#shared/rpc/gen/deliberate/v1/Open.js";
import type { Probe as ProtoProbe } from "#shared/rpc/gen/deliberate/v1/Probe.js";
import type { Sampling as ProtoSampling } from "#shared/rpc/gen/deliberate/v1/Sampling.js";
import type { Step__Output } from "#shared/rpc/gen/deliberate/v1/Step.js";
import { toSampling } from "#shared/rpc/sampling.js";
import type {
  FinishReason,
  GrowRequest,
  PolicyInfo,
  PolicyOpenOptions,
  Probe,
  Sampling,
  StepSample,
} from "../ports.js";

const FINISH_REASONS: Readonly<Record<FinishReason__Output, FinishReason | undefined>> = {
  FINISH_REASON_UNSPECIFIED: undefined,
  FINISH_REASON_STEP: "step",
  FINISH_REASON_EOS: "eos",
  FINISH_REASON_STOP: "stop",
  FINISH_REASON_LENGTH: "length",
  FINISH_REASON_CANCELLED: "cancelled",
};

const ORDERS = {
  temperature_first: "SAMPLING_ORDER_TEMPERATURE_FIRST",
  filter_first: "SAMPLING_ORDER_FILTER_FIRST",
} as const;

/** What the session needs to know of the model beside what search does. */
export interface GeneratorInfo extends PolicyInfo {
  readonly hasChatTemplate: boolean;
}

export function toGeneratorInfo(message: GetModelInfoResponse__Output): GeneratorInfo {
  return {
    model: message.model,
    modelHash: message.modelHash,
    precision: message.precision,
    // The contract does not tell it yet.
    chatTemplateHash: "",
    parameterCount: message.parameterCount,
    vocabularySize: message.vocabularySize,
    contextLength: message.contextLengthTokens,
    stepDelimiter: message.stepDelimiter,
    hiddenSize: message.hiddenSize,
    hiddenStateCount: message.hiddenStateCount,
    defaultSampling: toSampling("default_sampling", message.defaultSampling),
    hasChatTemplate: message.hasChatTemplate,
  };
}

/** A model with a chat template is asked as a user would; one without continues the problem's text. */
export function toOpen(problem: string, options: PolicyOpenOptions, info: GeneratorInfo): Open {
  const { sampling, seed, probes = [], priority, cacheSalt } = options;
  return {
    ...(info.hasChatTemplate
      ? { messages: { messages: [{ role: "user", content: problem }] } }
      : { prompt: problem }),
    ...(sampling === undefined ? {} : { sampling: toProtoSampling(sampling) }),
    ...(seed === undefined ? {} : { seed }),
    probes: probes.map(toProtoProbe),
    ...(priority === undefined ? {} : { priority }),
    ...(cacheSalt === undefined ? {} : { cacheSalt }),
  };
}

export function toGrow({ nodeId, count, until, maxTokens, sampling }: GrowRequest): Grow {
  return {
    nodeId,
    count,
    until: until === "step" ? "UNTIL_STEP" : "UNTIL_END",
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(sampling === undefined ? {} : { sampling: toProtoSampling(sampling) }),
  };
}

/** @throws ServiceError `internal` for a step that breaks the contract. */
export function toStepSample(step: Step__Output): StepSample {
  const { nodeId, parentId, text, tokenIds, logProbs, entropies, probeOutputs } = step;
  const finishReason = FINISH_REASONS[step.finishReason];
  if (finishReason === undefined || !Number.isSafeInteger(nodeId) || probeOutputs.length % 4 !== 0)
    throw new ServiceError(
      "internal",
      `the generator must send steps with a finish reason, an id below 2^53 and whole floats, got ${step.finishReason}, ${nodeId}, ${probeOutputs.length} bytes`,
    );
  // Copied: the message's buffer need not be aligned to four bytes.
  const floats = new Float32Array(new Uint8Array(probeOutputs).buffer);
  return { nodeId, parentId, text, tokenIds, finishReason, logProbs, entropies, probeOutputs: floats };
}

function toProtoSampling({ order, ...sampling }: Sampling): ProtoSampling {
  return {
    ...sampling,
    stop: [...(sampling.stop ?? [])],
    ...(order === undefined ? {} : { order: ORDERS[order] }),
  };
}

function toProtoProbe({ name, modelHash, weights, shape }: Probe): ProtoProbe {
  const data = Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength);
  return { name, modelHash, weights: { dataType: "DATA_TYPE_FLOAT32", shape: [...shape], data } };
}

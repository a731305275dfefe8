/** The generator's messages as the search's types, and back. */
import { ServiceError } from "#shared/errors.js";
import { widenHalf } from "#shared/half.js";
import type { GetModelInfoResponse__Output } from "#shared/rpc/gen/deliberate/v1/GetModelInfoResponse.js";
import type { FinishReason__Output } from "#shared/rpc/gen/deliberate/v1/FinishReason.js";
import type { Grow } from "#shared/rpc/gen/deliberate/v1/Grow.js";
import type { Open } from "#shared/rpc/gen/deliberate/v1/Open.js";
import type { Probe as ProtoProbe } from "#shared/rpc/gen/deliberate/v1/Probe.js";
import type { Sampling as ProtoSampling } from "#shared/rpc/gen/deliberate/v1/Sampling.js";
import type { Step__Output } from "#shared/rpc/gen/deliberate/v1/Step.js";
import { toSampling } from "#shared/rpc/sampling.js";
import type { Tensor__Output } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
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

const PROBE_INPUTS = {
  hidden: "PROBE_INPUT_HIDDEN_STATES",
  hidden_final_norm: "PROBE_INPUT_HIDDEN_STATES_FINAL_NORM",
  logits: "PROBE_INPUT_LOGITS",
} as const satisfies Record<Probe["input"], string>;

/** What the session needs to know of the model beside what search does. */
export interface GeneratorInfo extends PolicyInfo {
  readonly hasChatTemplate: boolean;
}

export function toGeneratorInfo(message: GetModelInfoResponse__Output): GeneratorInfo {
  return {
    model: message.model,
    modelHash: message.modelHash,
    precision: message.precision,
    chatTemplateHash: message.chatTemplateHash,
    parameterCount: message.parameterCount,
    // An older generator does not tell.
    flopsPerToken: message.flopsPerToken || 2 * message.parameterCount,
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
  const {
    sampling,
    seed,
    probes = [],
    promptProbe,
    includeHiddenStates = false,
    priority,
    cacheSalt,
  } = options;
  return {
    ...(info.hasChatTemplate
      ? { messages: { messages: [{ role: "user", content: problem }] } }
      : { prompt: problem }),
    ...(sampling === undefined ? {} : { sampling: toProtoSampling(sampling) }),
    ...(seed === undefined ? {} : { seed }),
    // Last, so that the columns of the others stay where they are.
    probes: [...probes, ...(promptProbe === undefined ? [] : [promptProbe])].map(toProtoProbe),
    includePromptProbe: promptProbe !== undefined,
    includeHiddenStates,
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

/**
 * `stateWidth`: numbers in all hidden states of a token. `promptOutputs`: outputs of the prompt's probe, which come last
 * for every token and are not the step's.
 * @throws ServiceError `internal` for a step that breaks the contract.
 */
export function toStepSample(step: Step__Output, stateWidth: number, promptOutputs: number): StepSample {
  const { nodeId, parentId, text, tokenIds, logProbs, entropies, probeOutputs, nextEntropy } = step;
  const finishReason = FINISH_REASONS[step.finishReason];
  if (finishReason === undefined || !Number.isSafeInteger(nodeId) || probeOutputs.length % 4 !== 0)
    throw new ServiceError(
      "internal",
      `the generator must send steps with a finish reason, an id below 2^53 and whole floats, got ${step.finishReason}, ${nodeId}, ${probeOutputs.length} bytes`,
    );
  // Copied: the message's buffer need not be aligned to four bytes.
  const floats = new Float32Array(new Uint8Array(probeOutputs).buffer);
  return {
    nodeId,
    parentId,
    text,
    tokenIds,
    finishReason,
    logProbs,
    entropies,
    probeOutputs: promptOutputs === 0 ? floats : withoutLast(floats, tokenIds.length, promptOutputs),
    ...(nextEntropy !== undefined && { nextEntropy }),
    ...(step.hiddenStates && { hiddenStates: toStates(step.hiddenStates, tokenIds.length, stateWidth) }),
  };
}

/** Drops the last `count` outputs of each token. */
function withoutLast(outputs: Float32Array, tokens: number, count: number): Float32Array {
  const width = tokens === 0 ? 0 : outputs.length / tokens;
  const kept = new Float32Array(tokens * Math.max(0, width - count));
  for (let token = 0; token < tokens; token++)
    kept.set(outputs.subarray(token * width, (token + 1) * width - count), token * (width - count));
  return kept;
}

/** [tokens, width], of all of a step's tokens or the first ones. */
function toStates({ dataType, shape, data }: Tensor__Output, tokens: number, width: number): Float32Array {
  const [count, got, ...more] = shape;
  const fits = count !== undefined && count <= tokens && got === width && more.length === 0;
  if (!fits || dataType !== "DATA_TYPE_FLOAT16" || data.length !== 2 * count * width)
    throw new ServiceError(
      "internal",
      `the generator must send hidden states as float16 [tokens, ${width}] of at most ${tokens} tokens, got ${dataType} [${shape.join(", ")}] in ${data.length} bytes`,
    );
  const states = new Float32Array(count * width);
  // Copied: the message's buffer need not be aligned to two bytes.
  widenHalf(new Uint16Array(new Uint8Array(data).buffer), states);
  return states;
}

function toProtoSampling({ order, ...sampling }: Sampling): ProtoSampling {
  return {
    ...sampling,
    stop: [...(sampling.stop ?? [])],
    ...(order === undefined ? {} : { order: ORDERS[order] }),
  };
}

function toProtoProbe({ name, input, modelHash, weights, shape }: Probe): ProtoProbe {
  const data = Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength);
  return {
    name,
    input: PROBE_INPUTS[input],
    modelHash,
    weights: { dataType: "DATA_TYPE_FLOAT32", shape: [...shape], data },
  };
}

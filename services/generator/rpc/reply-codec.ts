/** Engine -> proto: model information, the events of a session, the chunks of features. */
import type { ExpandResponse } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import type { FeaturizeResponse } from "#shared/rpc/gen/deliberate/v1/FeaturizeResponse.js";
import type { GetModelInfoResponse } from "#shared/rpc/gen/deliberate/v1/GetModelInfoResponse.js";
import { fromSampling } from "#shared/rpc/sampling.js";
import type {
  EngineEvent,
  EngineStats,
  FeatureChunkEvent,
  FeatureEvent,
  FinishReason,
  GeneratorInfo,
  SessionOpened,
  StepEvent,
} from "../engine/types.js";
import { fromHalves, toLittleEndian } from "./probe-codec.js";

const finishReasons = {
  step: "FINISH_REASON_STEP",
  eos: "FINISH_REASON_EOS",
  stop: "FINISH_REASON_STOP",
  length: "FINISH_REASON_LENGTH",
  cancelled: "FINISH_REASON_CANCELLED",
} as const satisfies Record<FinishReason, string>;

export function fromOpened(opened: SessionOpened): ExpandResponse {
  return {
    opened: {
      nodeId: 0,
      promptTokenIds: [...opened.promptTokenIds],
      promptProbe: Array.from(opened.promptProbe),
      cachedPromptTokens: opened.cachedPromptTokens,
      sampling: fromSampling(opened.sampling),
    },
  };
}

/** `stateWidth`: numbers in all hidden states of a token. */
export function fromEvent(event: EngineEvent, stateWidth: number): ExpandResponse {
  if (event.kind === "step") return { step: fromStep(event, stateWidth) };
  if (event.kind === "grown") return { grown: { nodeId: event.nodeId, count: event.count } };
  return { closed: { usage: event.usage } };
}

/** `width` as the first event tells it. */
export function fromFeatureEvent(event: FeatureEvent, width: number): FeaturizeResponse {
  if (event.kind === "chunk") return { chunk: fromChunk(event, width) };
  if (event.kind === "featurized") return { featurized: { usage: event.usage } };
  const { promptTokenIds, cachedPromptTokens, tokenCounts } = event;
  return {
    featurizing: {
      promptTokenIds: [...promptTokenIds],
      cachedPromptTokens,
      width,
      tokenCounts: [...tokenCounts],
    },
  };
}

function fromChunk(chunk: FeatureChunkEvent, width: number): NonNullable<FeaturizeResponse["chunk"]> {
  const { continuation: continuationIndex, firstToken, nextEntropy } = chunk;
  return {
    continuationIndex,
    firstToken,
    tokenIds: [...chunk.tokenIds],
    values: fromHalves(chunk.values, width),
    logProbs: [...chunk.logProbs],
    entropies: [...chunk.entropies],
    ...(nextEntropy !== undefined && { nextEntropy }),
  };
}

function fromStep(step: StepEvent, stateWidth: number): NonNullable<ExpandResponse["step"]> {
  const { nodeId, parentId, childIndex, text, logProbs, nextEntropy, hiddenStates } = step;
  return {
    nodeId,
    parentId,
    childIndex,
    tokenIds: [...step.tokenIds],
    // Half of a character, when a limit cut the text there, has no UTF-8.
    text: text.toWellFormed(),
    finishReason: finishReasons[step.finishReason],
    logProbs: [...logProbs],
    meanLogProb:
      logProbs.length === 0 ? 0 : logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length,
    entropies: [...step.entropies],
    probeOutputs: toLittleEndian(step.probeOutputs),
    ...(nextEntropy !== undefined && { nextEntropy }),
    ...(hiddenStates && { hiddenStates: fromHalves(hiddenStates, stateWidth) }),
  };
}

export function fromInfo(info: GeneratorInfo, stats: EngineStats): GetModelInfoResponse {
  const { contextLength, defaultSampling, limits, ...same } = info;
  return {
    ...same,
    contextLengthTokens: contextLength,
    defaultSampling: fromSampling(defaultSampling),
    limits: { ...limits, usedKvBytes: stats.usedKvBytes },
    memory: stats.memory,
  };
}

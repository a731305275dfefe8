/** Engine -> proto: model information, and the events of a session. */
import type { ExpandResponse } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import type { GetModelInfoResponse } from "#shared/rpc/gen/deliberate/v1/GetModelInfoResponse.js";
import { fromSampling } from "#shared/rpc/sampling.js";
import type {
  EngineEvent,
  EngineStats,
  FinishReason,
  GeneratorInfo,
  SessionOpened,
  StepEvent,
} from "../engine/types.js";
import { toLittleEndian } from "./probe-codec.js";

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

export function fromEvent(event: EngineEvent): ExpandResponse {
  if (event.kind === "step") return { step: fromStep(event) };
  if (event.kind === "grown") return { grown: { nodeId: event.nodeId, count: event.count } };
  return { closed: { usage: event.usage } };
}

function fromStep(step: StepEvent): NonNullable<ExpandResponse["step"]> {
  const { nodeId, parentId, childIndex, text, logProbs } = step;
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

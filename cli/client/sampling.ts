import type { Sampling } from "#shared/rpc/gen/deliberate/v1/Sampling.js";
import type { SamplingFlags } from "../options/sampling.js";

/** The proto's Sampling: what was not asked for stays unset. */
export function toSampling(flags: SamplingFlags): Sampling {
  const { temperature, topK, topP, minP, repetitionPenalty, stop } = flags;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(minP !== undefined && { minP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(stop !== undefined && { stop: [...stop] }),
  };
}

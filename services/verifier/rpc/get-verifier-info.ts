import { ServiceError } from "#shared/errors.js";
import type { GetVerifierInfoRequest__Output } from "#shared/rpc/gen/deliberate/v1/GetVerifierInfoRequest.js";
import type { GetVerifierInfoResponse } from "#shared/rpc/gen/deliberate/v1/GetVerifierInfoResponse.js";
import type { UnaryHandler } from "#shared/rpc/methods.js";
import { MAX_CANDIDATES } from "../plan/request.js";
import type { Calibration } from "../plan/calibration/calibration.js";
import type { Policy, PolicyInfo } from "../ports.js";
import type { Scorers } from "../score/scorers.js";
import type { Admission, RequestLimits } from "./limits.js";

export interface InfoParts {
  readonly policy: Policy;
  readonly scorers: Scorers;
  readonly calibration: Calibration | undefined;
  readonly admission: Admission;
  readonly limits: RequestLimits;
}

/** What is served here. The policy's fields stay empty while the generator cannot be reached. */
export function getVerifierInfo({
  policy,
  scorers,
  calibration,
  admission,
  limits,
}: InfoParts): UnaryHandler<GetVerifierInfoRequest__Output, GetVerifierInfoResponse> {
  return async (_request, { signal }) => {
    const watched = await reachable(policy, signal);
    const prm = scorers.loadedPrm?.info;
    return {
      prmModel: prm?.name ?? "",
      prmHash: prm?.hash ?? "",
      prmParameterCount: prm?.parameterCount ?? 0,
      swiftHead: scorers.swiftHead?.name ?? "",
      swiftHash: scorers.swiftHash ?? "",
      calibrationHash: calibration?.hash ?? "",
      policyModel: watched?.model ?? "",
      policyHash: watched?.modelHash ?? "",
      policyParameterCount: watched?.parameterCount ?? 0,
      maxSearches: admission.max,
      maxCandidates: MAX_CANDIDATES,
      maxProblemBytes: limits.maxProblemBytes,
    };
  };
}

async function reachable(policy: Policy, signal: AbortSignal): Promise<PolicyInfo | undefined> {
  try {
    return await policy.info(signal);
  } catch (error) {
    if (error instanceof ServiceError && error.code === "unavailable") return undefined;
    throw error;
  }
}

/** Whether a scorer tells a right solution from a wrong one: asked once at start, before the service calls itself healthy. */
import { ServiceError } from "#shared/errors.js";
import type { StepSample } from "../../ports.js";
import type { SelfCheck } from "./head-file.js";
import type { PrmScorer, PrmSession } from "./prm-host.js";

/** The good solution's worst step must score this much higher than the bad one's worst step. */
export const SELF_CHECK_MARGIN = 0.2;

export interface SelfCheckResult {
  /** Lowest score of a step. */
  readonly good: number;
  readonly bad: number;
}

/** @throws ServiceError `failed_precondition` with both numbers when they do not separate. */
export async function selfCheck(
  scorer: PrmScorer,
  { problem, good, bad }: SelfCheck,
  signal: AbortSignal,
): Promise<SelfCheckResult> {
  const session = await scorer.open(problem, signal);
  try {
    const result = {
      good: await lowestScore(session, good, 1),
      bad: await lowestScore(session, bad, 1 + good.length),
    };
    if (result.good - result.bad < SELF_CHECK_MARGIN) throw notSeparated(result);
    return result;
  } finally {
    session.close();
  }
}

async function lowestScore(session: PrmSession, texts: readonly string[], firstId: number): Promise<number> {
  const steps = texts.map((text, index) =>
    toStep(text, firstId + index, index === 0 ? 0 : firstId + index - 1),
  );
  return Math.min(...(await session.score(steps)));
}

/** A step of which only the text is known. */
export function toStep(text: string, nodeId: number, parentId: number): StepSample {
  const none = { tokenIds: [], logProbs: [], entropies: [], probeOutputs: new Float32Array(0) };
  return { nodeId, parentId, text, finishReason: "step", ...none };
}

function notSeparated({ good, bad }: SelfCheckResult): ServiceError {
  const got = `${good.toFixed(3)} and ${bad.toFixed(3)}`;
  return new ServiceError(
    "failed_precondition",
    `the PRM must score the known good solution of its self-check at least ${SELF_CHECK_MARGIN} above the known bad one, got ${got}; it was not trained, or its files do not belong together, or the precision is too low for it`,
    { reason: "PRM_SELF_CHECK_FAILED" },
  );
}

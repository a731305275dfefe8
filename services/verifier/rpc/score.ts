import { ServiceError } from "#shared/errors.js";
import { textOf } from "#shared/rpc/fields.js";
import type { ScoreRequest__Output } from "#shared/rpc/gen/deliberate/v1/ScoreRequest.js";
import type { ScoreResponse } from "#shared/rpc/gen/deliberate/v1/ScoreResponse.js";
import type { BidiHandler } from "#shared/rpc/methods.js";
import type { PrmSession } from "../score/prm/prm-host.js";
import type { Scorers } from "../score/scorers.js";
import { toSteps } from "./codec.js";
import type { Admission, RequestLimits } from "./limits.js";

export interface ScoreParts {
  readonly scorers: Scorers;
  readonly admission: Admission;
  readonly limits: RequestLimits;
}

type Requests = AsyncIterator<ScoreRequest__Output>;

/** PRM scores for steps that the caller supplies. One session is one call: a path's tokens are read once. */
export function score(parts: ScoreParts): BidiHandler<ScoreRequest__Output, ScoreResponse> {
  return (requests, { signal }) =>
    parts.admission.within(() => run(requests[Symbol.asyncIterator](), parts, signal));
}

async function* run(
  requests: Requests,
  { scorers, limits }: ScoreParts,
  signal: AbortSignal,
): AsyncGenerator<ScoreResponse, void> {
  const first = await requests.next();
  const start = first.done === true ? undefined : first.value.start;
  if (!start)
    throw new ServiceError("failed_precondition", "the first request of a scoring session must be start", {
      reason: "SESSION_NOT_STARTED",
    });
  const problem = textOf("start.problem", start.problem, limits.maxProblemBytes);
  const session = await scorers.prm.open(problem, signal);
  // Steps under way need not be finished for a caller who has left.
  const close = (): void => session.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    yield { started: { problemTokens: session.promptTokens } };
    yield* scoreAll(requests, session, limits);
    yield { closed: { verifierTokens: session.usage().verifierTokens } };
  } finally {
    signal.removeEventListener("abort", close);
    session.close();
  }
}

async function* scoreAll(
  requests: Requests,
  session: PrmSession,
  limits: RequestLimits,
): AsyncGenerator<ScoreResponse, void> {
  let nextId = 1;
  for (;;) {
    const next = await requests.next();
    if (next.done === true) return;
    const { append } = next.value;
    if (!append)
      throw new ServiceError(
        "failed_precondition",
        "a scoring session is started once; append steps to its paths",
        {
          reason: "SESSION_ALREADY_STARTED",
        },
      );
    const steps = toSteps(append, nextId, limits);
    if (nextId - 1 + steps.length > limits.maxScoredSteps)
      throw new ServiceError(
        "resource_exhausted",
        `a scoring session takes at most ${limits.maxScoredSteps} steps; start another one`,
        { reason: "TOO_MANY_STEPS" },
      );
    nextId += steps.length;
    const scores = await session.score(steps);
    yield {
      scores: {
        pathId: append.pathId,
        scores: steps.map(({ nodeId }, index) => ({ pathId: nodeId, score: scores[index]! })),
      },
    };
  }
}

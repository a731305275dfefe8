import { ServiceError } from "#shared/errors.js";
import type { ExpandRequest__Output } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { ExpandResponse } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import type { BidiHandler } from "#shared/rpc/methods.js";
import type { Engine, EngineLimits, EngineSession, OpenSession } from "../engine/types.js";
import { toGrow, toOpenSession, toPrunedIds } from "./codec.js";
import { fromEvent, fromOpened } from "./reply-codec.js";

type Requests = AsyncIterator<ExpandRequest__Output>;

/**
 * One call is one session. Requests are read beside the events that are written; a bad request ends the session and the
 * call. The session is given back however the call ends. A reader that is slow stops the events, and through the
 * engine's bound on unread events the session's decoding.
 */
export function expand(engine: Engine): BidiHandler<ExpandRequest__Output, ExpandResponse> {
  const { limits, hiddenStateCount, hiddenSize } = engine.info;
  return async function* (requests, { signal }) {
    const iterator = requests[Symbol.asyncIterator]();
    const opening = await readOpen(iterator, limits);
    const broken = new AbortController();
    const session = await engine.openSession(opening, AbortSignal.any([signal, broken.signal]));
    try {
      yield fromOpened(session.opened);
      passOn(iterator, session, limits).catch((error: unknown) => broken.abort(error));
      for await (const event of session.events) yield fromEvent(event, hiddenStateCount * hiddenSize);
      // A session whose events just end was cancelled; the signals know why.
      broken.signal.throwIfAborted();
      signal.throwIfAborted();
    } finally {
      session.cancel();
    }
  };
}

async function readOpen(requests: Requests, limits: EngineLimits): Promise<OpenSession> {
  const first = await requests.next();
  if (first.done === true || !first.value.open)
    throw new ServiceError("failed_precondition", "the first request of a session must be open", {
      reason: "SESSION_NOT_OPEN",
    });
  return toOpenSession(first.value.open, limits);
}

/** Hands requests to the session until the client half-closes. Rejects on the first that does not hold. */
async function passOn(requests: Requests, session: EngineSession, limits: EngineLimits): Promise<void> {
  for (;;) {
    const next = await requests.next();
    if (next.done === true) break;
    await handle(next.value, session, limits);
  }
  session.end();
}

async function handle(
  { grow, prune, request }: ExpandRequest__Output,
  session: EngineSession,
  limits: EngineLimits,
): Promise<void> {
  if (grow) await session.grow(toGrow(grow, limits));
  else if (prune) await session.prune(toPrunedIds(prune, limits));
  else if (request === "open")
    throw new ServiceError(
      "failed_precondition",
      "a session is opened once; start another call for another session",
      {
        reason: "SESSION_ALREADY_OPEN",
      },
    );
  else
    throw new ServiceError("invalid_argument", "a request must be grow or prune, got an empty one", {
      reason: "INVALID_FIELD",
      fieldViolations: [{ field: "request", description: "must be grow or prune" }],
    });
}

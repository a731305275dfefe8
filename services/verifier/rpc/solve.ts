import type { SolveRequest__Output } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { SolveResponse } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type { ServerStreamHandler } from "#shared/rpc/methods.js";
import type { Calibration } from "../plan/calibration/calibration.js";
import type { Clock, Policy } from "../ports.js";
import type { Scorers } from "../score/scorers.js";
import { search } from "../search/search.js";
import { isScored } from "../search/strategies.js";
import type { SearchEvent, SearchRequest, SearchResult } from "../search/types.js";
import { type Asked, toSolve } from "./codec.js";
import type { Admission, RequestLimits } from "./limits.js";
import { fromEvent, fromResult } from "./reply-codec.js";

export interface SolveParts {
  readonly policy: Policy;
  readonly scorers: Scorers;
  readonly clock: Clock;
  readonly calibration: Calibration | undefined;
  readonly admission: Admission;
  readonly limits: RequestLimits;
  /** Told of every search when it is over. Must not throw. */
  readonly onSolveEnd: (solve: EndedSolve) => void;
}

export interface EndedSolve {
  readonly strategy: SearchRequest["strategy"];
  /** `cancelled`: ended from outside, by the client, its deadline or the server's stop. */
  readonly outcome: "answered" | "unanswered" | "cancelled" | "failed";
  /** Of a search that came to its end. */
  readonly result: SearchResult | undefined;
  readonly ms: number;
}

/** Searches and tells what happens; a client that reads slowly slows the search down, one that leaves ends it. */
export function solve(parts: SolveParts): ServerStreamHandler<SolveRequest__Output, SolveResponse> {
  return (message, { signal }) => {
    const asked = toSolve(message, parts.limits);
    return parts.admission.within(() => run(asked, parts, signal));
  };
}

async function* run(
  { problem, verifier, request, budget }: Asked,
  { policy, scorers, clock, calibration, onSolveEnd }: SolveParts,
  signal: AbortSignal,
): AsyncGenerator<SolveResponse, void> {
  const { strategy } = request;
  const startMs = clock.now();
  let result: SearchResult | undefined;
  let failed = false;
  try {
    const scorer = await scorers.resolve(verifier, isScored(strategy), signal);
    const events = (async function* (): AsyncGenerator<SearchEvent, void> {
      result = yield* search(problem, { policy, scorer, clock, calibration }, request, budget, signal);
    })();
    for await (const event of events) yield fromEvent(event);
    yield fromResult(result!);
  } catch (error) {
    failed = !signal.aborted;
    throw error;
  } finally {
    onSolveEnd({ strategy, outcome: outcomeOf(result, failed), result, ms: clock.now() - startMs });
  }
}

function outcomeOf(result: SearchResult | undefined, failed: boolean): EndedSolve["outcome"] {
  if (failed) return "failed";
  // Neither a result nor an error: whoever read the events stopped.
  if (result === undefined) return "cancelled";
  return result.answer === "" ? "unanswered" : "answered";
}

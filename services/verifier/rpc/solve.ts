import type { SolveRequest__Output } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { SolveResponse } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type { ServerStreamHandler } from "#shared/rpc/methods.js";
import type { Clock, Policy } from "../ports.js";
import type { Scorers } from "../score/scorers.js";
import { search } from "../search/search.js";
import type { SearchEvent, SearchResult } from "../search/types.js";
import { type Asked, toSolve } from "./codec.js";
import type { Admission, RequestLimits } from "./limits.js";
import { fromEvent, fromResult } from "./reply-codec.js";

export interface SolveParts {
  readonly policy: Policy;
  readonly scorers: Scorers;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly limits: RequestLimits;
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
  { policy, scorers, clock }: SolveParts,
  signal: AbortSignal,
): AsyncGenerator<SolveResponse, void> {
  const needsScores = request.strategy !== "majority" && request.strategy !== "greedy";
  const scorer = await scorers.resolve(verifier, needsScores, signal);
  let result: SearchResult | undefined;
  const events = (async function* (): AsyncGenerator<SearchEvent, void> {
    result = yield* search(problem, { policy, scorer, clock }, request, budget, signal);
  })();
  for await (const event of events) yield fromEvent(event);
  yield fromResult(result!);
}

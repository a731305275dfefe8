/** One Solve call, as events. */
import { ServiceError } from "#shared/errors.js";
import type { SolvedEvent, SolveEvent } from "../events.js";
import type { VerifierClient } from "../services/use.js";
import { toSolveEvent } from "./solve-events.js";
import { type SolveFlags, toSolveRequest } from "./solve-request.js";

/** Past the time limit the verifier answers with the best so far; this much later it has failed. */
const LATE_MS = 30_000;

/** Runs one search, hands every event to `show`, and resolves to the last. */
export async function runSolve(
  verifier: VerifierClient,
  problem: string,
  flags: SolveFlags,
  signal: AbortSignal,
  show: (event: SolveEvent) => void,
): Promise<SolvedEvent> {
  const limit = flags.timeoutMs === undefined ? {} : { deadlineMs: flags.timeoutMs + LATE_MS };
  for await (const message of verifier.solve(toSolveRequest(problem, flags), { signal, ...limit })) {
    const event = toSolveEvent(message);
    if (event === undefined) continue;
    show(event);
    if (event.event === "solved") return event;
  }
  throw new ServiceError("internal", "the verifier must end a search with Solved and did not: see its log");
}

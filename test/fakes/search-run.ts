import type { Budget, SearchEvent, SearchRequest, SearchResult } from "#verifier/search/types.js";
import { search, type SearchPorts } from "#verifier/search/search.js";
import { manualClock } from "./manual-clock.js";

export interface Run {
  readonly events: readonly SearchEvent[];
  readonly result: SearchResult;
}

/** Runs a search to its end over fakes and keeps what it said. */
export async function runSearch(
  ports: Omit<SearchPorts, "clock"> & Partial<SearchPorts>,
  request: SearchRequest,
  budget: Budget = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Run> {
  const events: SearchEvent[] = [];
  const steps = search("a problem", { clock: manualClock(), ...ports }, request, budget, signal);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { events, result: next.value };
    events.push(next.value);
  }
}

type EventOf<T extends SearchEvent["type"]> = Extract<SearchEvent, { readonly type: T }>;

export function eventsOf<T extends SearchEvent["type"]>(
  events: readonly SearchEvent[],
  type: T,
): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

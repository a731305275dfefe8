import type { EngineEvent, FeatureEvent } from "./types.js";

export type AnyEvent = EngineEvent | FeatureEvent;

const HEAVY_BYTES = 64 * 1024;

/** What an event counts for where unread events are limited: 1, and more with many bytes of states. */
export function eventWeight(event: AnyEvent): number {
  const bytes =
    event.kind === "chunk"
      ? event.values.byteLength
      : event.kind === "step"
        ? (event.hiddenStates?.byteLength ?? 0)
        : 0;
  return 1 + Math.floor(bytes / HEAVY_BYTES);
}

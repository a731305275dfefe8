/** The engine's counters in memory that two threads share, so that a look at them never waits for the model. */
import type { EngineStats, MemoryUsage } from "./types.js";

const COUNTERS = [
  "sessions",
  "openingSessions",
  "usedKvBytes",
  "runningRows",
  "waitingRows",
  "promptTokens",
  "cachedPromptTokens",
  "generatedTokens",
  "modelRunMs",
  "stepMs",
] as const satisfies readonly Exclude<keyof EngineStats, "memory">[];

const MEMORY = [
  "weightBytes",
  "activationBytes",
  "limitBytes",
  "prefixKvBytes",
  "suffixKvBytes",
  "logitsBytes",
  "slotBytes",
  "prefixCacheBytes",
] as const satisfies readonly (keyof MemoryUsage)[];

export function createSharedStats(): SharedArrayBuffer {
  return new SharedArrayBuffer((COUNTERS.length + MEMORY.length) * Float64Array.BYTES_PER_ELEMENT);
}

export function writeStats(shared: SharedArrayBuffer, stats: EngineStats): void {
  const values = new Float64Array(shared);
  values.set(COUNTERS.map((name) => stats[name]));
  values.set(
    MEMORY.map((name) => stats.memory[name]),
    COUNTERS.length,
  );
}

export function readStats(shared: SharedArrayBuffer): EngineStats {
  const values = [...new Float64Array(shared)];
  const memory = named(MEMORY, values.splice(COUNTERS.length));
  return { ...named(COUNTERS, values), memory };
}

function named<Name extends string>(names: readonly Name[], values: readonly number[]): Record<Name, number> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, number>;
}

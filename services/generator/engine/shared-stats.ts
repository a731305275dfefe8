/** The engine's counters in memory that two threads share, so that a look at them never waits for the model. */
import type { EngineStats } from "./types.js";

const NUM_FIELDS = 7;

export function createSharedStats(): SharedArrayBuffer {
  return new SharedArrayBuffer(NUM_FIELDS * Float64Array.BYTES_PER_ELEMENT);
}

export function writeStats(shared: SharedArrayBuffer, stats: EngineStats): void {
  const { sessions, usedKvBytes, runningRows, waitingRows, generatedTokens, modelRunMs, stepMs } = stats;
  const values = [sessions, usedKvBytes, runningRows, waitingRows, generatedTokens, modelRunMs, stepMs];
  new Float64Array(shared).set(values);
}

export function readStats(shared: SharedArrayBuffer): EngineStats {
  const values = new Float64Array(shared);
  const [sessions = 0, usedKvBytes = 0, runningRows = 0, waitingRows = 0] = values;
  const [generatedTokens = 0, modelRunMs = 0, stepMs = 0] = values.subarray(4);
  return { sessions, usedKvBytes, runningRows, waitingRows, generatedTokens, modelRunMs, stepMs };
}

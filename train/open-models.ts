/** Opens the shipped models in this process: the policy as an engine in its Worker, the PRM's reader as a model. */
import { join } from "node:path";
import { homedir } from "node:os";
import { startEngineHost } from "#generator/engine/engine-host.js";
import type { Engine } from "#generator/engine/types.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { PrecisionChoice } from "#shared/lm/types.js";
import type { Reader } from "./prm/read-solution.js";

export const CACHE_DIR = join(homedir(), ".cache", "deliberate");

/** Room for 64 candidates of several problems at once. */
const LIMITS = {
  maxSessions: 32,
  maxBatchRows: 64,
  maxKvBytes: 2 ** 31,
  maxPrefixCacheBytes: 0,
  maxNodesPerSession: 100_000,
  maxPromptBytes: 65_536,
  maxGrowCount: 256,
};

export async function openEngine(
  checkpointDir: string,
  threads: number,
  precision: PrecisionChoice = "fp32",
): Promise<Engine> {
  return startEngineHost({
    checkpointDir,
    precision,
    threads,
    cacheDir: CACHE_DIR,
    limits: LIMITS,
    maxUnreadEvents: 4096,
  });
}

export async function openReader(checkpointDir: string, threads: number): Promise<Reader> {
  const checkpoint = await loadCheckpoint(checkpointDir);
  const model = await createLanguageModel(checkpoint, { precision: "fp32", threads, cacheDir: CACHE_DIR });
  return { checkpoint, model };
}

/** The generator's settings: environment -> typed, frozen, cross-checked. Defaults live here and nowhere else. */
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import { type Env, configError, readEnum, readInt, readString, requireString } from "#shared/config/env.js";
import { type Listening, readListening } from "#shared/config/listening.js";
import { PRECISION_CHOICES } from "#shared/lm/types.js";
import { defaultRpcLimits } from "#shared/rpc/serve.js";
import type { EngineLimits } from "./engine/types.js";
import type { EngineSetup } from "./engine/worker.js";

export interface GeneratorConfig {
  readonly listening: Listening;
  readonly engine: EngineSetup;
}

const maxThreads = 256;

/**
 * Reads GENERATOR_POLICY (a Hugging Face directory or a GGUF file; the only one that must be set) and the settings
 * below. Throws a ServiceError naming the first variable that does not hold.
 */
export function toConfig(env: Env): GeneratorConfig {
  return Object.freeze({
    listening: readListening(env, "GENERATOR", 50_051),
    engine: Object.freeze({
      checkpointDir: requireString(env, "GENERATOR_POLICY", "the Hugging Face directory of the policy model"),
      precision: readEnum(env, "GENERATOR_PRECISION", PRECISION_CHOICES, "auto"),
      threads: readInt(env, "GENERATOR_THREADS", availableParallelism(), { min: 1, max: maxThreads }),
      cacheDir: readString(env, "GENERATOR_CACHE_DIR", join(homedir(), ".cache", "deliberate")),
      limits: Object.freeze(readLimits(env)),
      maxUnreadEvents: readInt(env, "GENERATOR_MAX_UNREAD_EVENTS", 64, { min: 1 }),
    }),
  });
}

function readLimits(env: Env): EngineLimits {
  const limits = {
    maxSessions: readInt(env, "GENERATOR_MAX_SESSIONS", 64, { min: 1 }),
    maxBatchRows: readInt(env, "GENERATOR_MAX_BATCH_ROWS", 32, { min: 1, max: 1024 }),
    maxKvBytes: readInt(env, "GENERATOR_MAX_KV_BYTES", 2 ** 30, { min: 1 }),
    maxPrefixCacheBytes: readInt(env, "GENERATOR_PREFIX_CACHE_BYTES", 2 ** 28, { min: 0 }),
    maxNodesPerSession: readInt(env, "GENERATOR_MAX_NODES_PER_SESSION", 16_384, { min: 1 }),
    maxPromptBytes: readInt(env, "GENERATOR_MAX_PROMPT_BYTES", 256 * 1024, { min: 1 }),
    maxGrowCount: readInt(env, "GENERATOR_MAX_GROW_COUNT", 256, { min: 1 }),
  };
  if (limits.maxPromptBytes > defaultRpcLimits.maxReceiveBytes)
    throw configError(
      "GENERATOR_MAX_PROMPT_BYTES",
      `must be at most ${defaultRpcLimits.maxReceiveBytes}, the largest message taken, got ${limits.maxPromptBytes}`,
    );
  return limits;
}

/** The verifier's settings: environment -> typed, frozen, cross-checked. Defaults live here and nowhere else. */
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import {
  configError,
  type Env,
  readBool,
  readEnum,
  readInt,
  readNumber,
  readString,
} from "#shared/config/env.js";
import { type Listening, readListening } from "#shared/config/listening.js";
import { PRECISION_CHOICES } from "#shared/lm/types.js";
import { defaultRpcLimits } from "#shared/rpc/serve.js";
import type { ClientTls } from "#shared/rpc/tls.js";
import type { RequestLimits } from "./rpc/limits.js";
import type { PrmWorkerData } from "./score/prm/worker-methods.js";

export interface VerifierConfig {
  readonly listening: Listening;
  /** Where the policy is. */
  readonly generator: {
    /** host:port */
    readonly address: string;
    readonly token?: string;
    readonly tls?: ClientTls;
  };
  /** Unset: no PRM is served. */
  readonly prm?: PrmWorkerData;
  /** Unset: no SWIFT head is served. */
  readonly swiftFile?: string;
  /** Of the Solves that the head scores, in [0, 1]. */
  readonly swiftAuditShare: number;
  /** Unset: AUTO plans by the published table. */
  readonly calibrationFile?: string;
  /** Searches and scoring sessions at the same time. */
  readonly maxSearches: number;
  readonly limits: RequestLimits;
}

const maxThreads = 256;

/**
 * Reads GENERATOR_ADDRESS and GENERATOR_TOKEN, VERIFIER_PRM (a PRM's directory), VERIFIER_SWIFT (a head's file), VERIFIER_CALIBRATION (a calibration's file) and the
 * settings below; none must be set. Throws a ServiceError naming the first variable that does not hold.
 */
export function toConfig(env: Env): VerifierConfig {
  const token = readString(env, "GENERATOR_TOKEN", undefined);
  const tls = readGeneratorTls(env);
  const prmDir = readString(env, "VERIFIER_PRM", undefined);
  const swiftFile = readString(env, "VERIFIER_SWIFT", undefined);
  const calibrationFile = readString(env, "VERIFIER_CALIBRATION", undefined);
  return Object.freeze({
    listening: readListening(env, "VERIFIER", 50_052),
    generator: Object.freeze({
      address: readAddress(env),
      ...(token !== undefined && { token }),
      ...(tls !== undefined && { tls }),
    }),
    ...(prmDir !== undefined && { prm: readPrm(env, prmDir) }),
    ...(swiftFile !== undefined && { swiftFile }),
    ...(calibrationFile !== undefined && { calibrationFile }),
    swiftAuditShare: readAuditShare(env, swiftFile),
    maxSearches: readInt(env, "VERIFIER_MAX_SEARCHES", 32, { min: 1 }),
    limits: readLimits(env),
  });
}

function readAddress(env: Env): string {
  const address = readString(env, "GENERATOR_ADDRESS", "127.0.0.1:50051");
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  if (port >= 1 && port <= 65_535) return address;
  throw configError("GENERATOR_ADDRESS", `must be host:port, got "${address}"`);
}

function readAuditShare(env: Env, swiftFile: string | undefined): number {
  const share = readNumber(env, "VERIFIER_SWIFT_AUDIT_SHARE", 0, { min: 0, max: 1 });
  if (share > 0 && swiftFile === undefined)
    throw configError(
      "VERIFIER_SWIFT_AUDIT_SHARE",
      `must be 0 without VERIFIER_SWIFT, since there is nothing to audit, got ${share}`,
    );
  return share;
}

/** Plain text unless one of these is set. */
function readGeneratorTls(env: Env): ClientTls | undefined {
  const caPath = readString(env, "GENERATOR_CA", undefined);
  const certPath = readString(env, "GENERATOR_CLIENT_CERT", undefined);
  const keyPath = readString(env, "GENERATOR_CLIENT_KEY", undefined);
  if ((certPath === undefined) !== (keyPath === undefined))
    throw configError(
      "GENERATOR_CLIENT_CERT",
      "and GENERATOR_CLIENT_KEY must be set together, each to a PEM file",
    );
  if (!readBool(env, "GENERATOR_TLS", false) && caPath === undefined && certPath === undefined)
    return undefined;
  return {
    ...(caPath !== undefined && { caPath }),
    ...(certPath !== undefined && { certPath }),
    ...(keyPath !== undefined && { keyPath }),
  };
}

function readPrm(env: Env, dir: string): PrmWorkerData {
  return Object.freeze({
    dir,
    precision: readEnum(env, "VERIFIER_PRECISION", PRECISION_CHOICES, "auto"),
    threads: readInt(env, "VERIFIER_THREADS", availableParallelism(), { min: 1, max: maxThreads }),
    cacheDir: readString(env, "VERIFIER_CACHE_DIR", join(homedir(), ".cache", "deliberate")),
    limits: Object.freeze({
      maxBatchTokens: readInt(env, "VERIFIER_MAX_BATCH_TOKENS", 512, { min: 1 }),
      maxKvBytes: readInt(env, "VERIFIER_MAX_KV_BYTES", 2 ** 29, { min: 1 }),
      maxWaitingSteps: readInt(env, "VERIFIER_MAX_WAITING_STEPS", 16_384, { min: 1 }),
    }),
  });
}

function readLimits(env: Env): RequestLimits {
  const limits = {
    maxProblemBytes: readInt(env, "VERIFIER_MAX_PROBLEM_BYTES", 64 * 1024, { min: 1 }),
    maxStepBytes: readInt(env, "VERIFIER_MAX_STEP_BYTES", 16 * 1024, { min: 1 }),
    maxScoredSteps: readInt(env, "VERIFIER_MAX_SCORED_STEPS", 4096, { min: 1 }),
  };
  if (limits.maxProblemBytes > defaultRpcLimits.maxReceiveBytes)
    throw configError(
      "VERIFIER_MAX_PROBLEM_BYTES",
      `must be at most ${defaultRpcLimits.maxReceiveBytes}, the largest message taken, got ${limits.maxProblemBytes}`,
    );
  return Object.freeze(limits);
}

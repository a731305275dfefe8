/** Builds everything the verifier is made of, and owns every lifetime. */
import type { RunnableService } from "#shared/config/run-service.js";
import { createLogger, type Logger } from "#shared/log.js";
import { verifierService } from "#shared/rpc/proto.js";
import { bind, createServer, defaultRpcLimits, hostPort } from "#shared/rpc/serve.js";
import { Metrics } from "#shared/telemetry/metrics.js";
import { createCallRecorder } from "#shared/telemetry/rpc-calls.js";
import { processClock } from "./clock.js";
import type { VerifierConfig } from "./config.js";
import { createSolveRecorder, observeAudits, observePrm, observeSearches } from "./metrics.js";
import { readCalibration } from "./plan/calibration/calibration-file.js";
import { assertVerifierServed } from "./plan/calibration/fits.js";
import { createPolicyClient } from "./policy-client/policy-client.js";
import { getVerifierInfo } from "./rpc/get-verifier-info.js";
import { Admission } from "./rpc/limits.js";
import { plan } from "./rpc/plan.js";
import { score } from "./rpc/score.js";
import { solve } from "./rpc/solve.js";
import type { SelfCheck } from "./score/prm/head-file.js";
import { readSelfCheck } from "./score/prm/load.js";
import { type PrmScorer, startPrm } from "./score/prm/prm-host.js";
import { selfCheck } from "./score/prm/self-check.js";
import type { PrmWorkerData } from "./score/prm/worker-methods.js";
import { Scorers } from "./score/scorers.js";
import { SwiftAuditor } from "./score/swift/audit.js";
import { readSwiftHead, type SwiftHead } from "./score/swift/head-file.js";

const SELF_CHECK_LIMIT_MS = 60_000;

/** What tests put in the place of the real thing. The service disposes it. */
export interface Overrides {
  readonly prm?: { readonly scorer: PrmScorer; readonly selfCheck: SelfCheck };
}

/**
 * Loads the reward models and lets the PRM show that it tells right from wrong; `start` listens, `stop` drains, then frees
 * them. The generator need not run yet. A stopped service stays stopped.
 * @throws what loading throws; `failed_precondition` when the PRM fails its self-check
 */
export async function createService(
  config: VerifierConfig,
  overrides: Overrides = {},
): Promise<RunnableService> {
  const { graceMs, logLevel, defaultDeadlineMs, metrics: metricsPlace, ...address } = config.listening;
  const log = createLogger("verifier", logLevel);
  const failed = new AbortController();
  const swiftHead = config.swiftFile === undefined ? undefined : await readSwiftHead(config.swiftFile);
  const calibration =
    config.calibrationFile === undefined ? undefined : await readCalibration(config.calibrationFile);
  const auditor = swiftHead && auditorFor(swiftHead, config.swiftAuditShare, log);
  const loaded = overrides.prm ?? (await loadPrm(config.prm, (error) => failed.abort(error)));
  const prm = loaded?.scorer;
  const { address: generator, ...connection } = config.generator;
  const policy = createPolicyClient(generator, connection);
  const scorers = new Scorers(policy, prm, swiftHead, auditor);
  try {
    const served = { prm: prm?.info.hash, swift: scorers.swiftHash };
    if (calibration !== undefined) assertVerifierServed(calibration, served);
    if (loaded !== undefined) await checkPrm(loaded.scorer, loaded.selfCheck, log);
  } catch (error) {
    policy.close();
    await prm?.dispose();
    throw error;
  }

  const admission = new Admission(config.maxSearches);
  const metrics = new Metrics(metricsPlace, log);
  observeSearches(metrics, admission);
  if (prm !== undefined) observePrm(metrics, prm);
  if (auditor !== undefined) observeAudits(metrics, auditor);
  const parts = {
    policy,
    scorers,
    clock: processClock,
    calibration,
    admission,
    limits: config.limits,
    onSolveEnd: createSolveRecorder(metrics),
  };
  const handlers = {
    solve: solve(parts),
    score: score(parts),
    plan: plan(parts),
    getVerifierInfo: getVerifierInfo(parts),
  };
  const server = createServer({
    ...address,
    services: [bind(verifierService, handlers)],
    limits: { ...defaultRpcLimits, defaultDeadlineMs },
    log,
    onCallEnd: createCallRecorder(metrics),
  });

  const end = async (): Promise<void> => {
    try {
      await server.stop(graceMs);
    } finally {
      await metrics.dispose();
      policy.close();
      await prm?.dispose();
    }
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= end());
  return {
    failed: failed.signal,
    stop,
    get metricsAddress() {
      return metrics.address;
    },
    async start() {
      try {
        await metrics.start();
        const port = await server.start();
        const models = { prm: prm?.info.name ?? null, swift: swiftHead?.name ?? null };
        log.info({ host: address.host, port, generator, ...models }, "serving");
        return hostPort(address.host, port);
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}

/** What differs is counted and told; what was said is not. */
function auditorFor(head: SwiftHead, share: number, log: Logger): SwiftAuditor {
  return new SwiftAuditor(head, share, (report) =>
    log.warn(
      { swift: head.name, ...report },
      "SWIFT's rewards must be the same by the generator's probe and from its hidden states, and are not",
    ),
  );
}

async function loadPrm(
  data: PrmWorkerData | undefined,
  onCrash: (error: Error) => void,
): Promise<Overrides["prm"]> {
  if (data === undefined) return undefined;
  const pair = await readSelfCheck(data.dir);
  return { scorer: await startPrm(data, onCrash), selfCheck: pair };
}

/** A PRM that cannot tell a right solution from a wrong one is worse than none: it is not served. */
async function checkPrm(prm: PrmScorer, check: SelfCheck, log: Logger): Promise<void> {
  const result = await selfCheck(prm, check, AbortSignal.timeout(SELF_CHECK_LIMIT_MS));
  log.info({ prm: prm.info.name, ...result }, "the PRM passed its self-check");
}

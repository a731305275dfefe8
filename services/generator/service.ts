/** Builds everything the generator is made of, and owns every lifetime. */
import type { RunnableService } from "#shared/config/run-service.js";
import { createLogger } from "#shared/log.js";
import { generatorService } from "#shared/rpc/proto.js";
import { bind, createServer, defaultRpcLimits, hostPort } from "#shared/rpc/serve.js";
import { Metrics } from "#shared/telemetry/metrics.js";
import { createCallRecorder } from "#shared/telemetry/rpc-calls.js";
import type { GeneratorConfig } from "./config.js";
import { type EngineHost, startEngineHost } from "./engine/engine-host.js";
import { observeEngine } from "./metrics.js";
import { expand } from "./rpc/expand.js";
import { featurize } from "./rpc/featurize.js";
import { getModelInfo } from "./rpc/get-model-info.js";

/** What tests put in the place of the real thing. The service disposes it. */
export interface Overrides {
  readonly engine?: EngineHost;
}

/**
 * Loads the model; `start` listens, `stop` drains, then frees the model. Both are idempotent in effect: a stopped
 * service stays stopped.
 * @throws what loading the model throws
 */
export async function createService(
  { listening, engine: setup }: GeneratorConfig,
  overrides: Overrides = {},
): Promise<RunnableService> {
  const { graceMs, logLevel, defaultDeadlineMs, metrics: metricsPlace, ...address } = listening;
  const log = createLogger("generator", logLevel);
  const engine = overrides.engine ?? (await startEngineHost(setup));
  const metrics = new Metrics(metricsPlace, log);
  observeEngine(metrics, engine);
  const server = createServer({
    ...address,
    services: [
      bind(generatorService, {
        getModelInfo: getModelInfo(engine),
        expand: expand(engine),
        featurize: featurize(engine),
      }),
    ],
    limits: { ...defaultRpcLimits, defaultDeadlineMs },
    log,
    onCallEnd: createCallRecorder(metrics),
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      await server.stop(graceMs);
      await metrics.dispose();
      await engine.dispose();
    })();
    return stopped;
  };
  return {
    failed: engine.failed,
    stop,
    get metricsAddress() {
      return metrics.address;
    },
    async start() {
      try {
        await metrics.start();
        const port = await server.start();
        const { model, precision, modelHash } = engine.info;
        log.info({ host: address.host, port, model, precision, modelHash }, "serving");
        return hostPort(address.host, port);
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}

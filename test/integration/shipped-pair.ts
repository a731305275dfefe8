/** Both services on free ports with the models that ship in models/, as a client from outside sees them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import { toConfig as toGeneratorConfig } from "#generator/config.js";
import { createService as createGenerator } from "#generator/service.js";
import type { RunnableService } from "#shared/config/run-service.js";
import { packageRoot } from "#shared/rpc/package-root.js";
import { toConfig as toVerifierConfig } from "#verifier/config.js";
import { createService as createVerifier } from "#verifier/service.js";
import { temporaryDirectory } from "../fakes/temporary-directory.js";

export const shippedPolicy = join(packageRoot, "models", "policy");
export const shippedPrm = join(packageRoot, "models", "prm");

/** A suite that needs the shipped models; skipped, with the reasons printed, when they or what `needs` names is missing. */
export function describeWithModels(title: string, body: () => void, ...needs: (string | undefined)[]): void {
  const missing = [shippedPolicy, shippedPrm]
    .filter((directory) => !existsSync(join(directory, "config.json")))
    .map((directory) => `${directory} is not there`);
  const reasons = [...missing, ...needs.filter((need) => need !== undefined)];
  if (reasons.length === 0) return void describe(title, body);
  const skipped = `${title} (skipped: ${reasons.join("; ")})`;
  console.warn(skipped);
  describe.skip(skipped, body);
}

export interface ShippedPair {
  readonly generatorAddress: string;
  readonly verifierAddress: string;
  /** Undefined unless `env` sets ports for them. */
  readonly generatorMetrics: string | undefined;
  readonly verifierMetrics: string | undefined;
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string>>;

/** To be started in a hook; `env` holds further settings of both services. */
export async function startShippedPair(env: Env = {}): Promise<ShippedPair> {
  const cacheDir = await temporaryDirectory();
  const common = { LOG_LEVEL: "silent", PORT: "0", CACHE_DIR: cacheDir, THREADS: "1", GRACE_MS: "100" };
  const prefixed = (prefix: string): Env =>
    Object.fromEntries(Object.entries(common).map(([key, value]) => [`${prefix}_${key}`, value]));
  const services: RunnableService[] = [];
  const start = async (service: RunnableService): Promise<string> => {
    services.push(service);
    return service.start();
  };
  const stop = async (): Promise<void> => {
    for (const service of services.splice(0).toReversed()) await service.stop();
  };
  try {
    const generatorEnv = { ...prefixed("GENERATOR"), GENERATOR_POLICY: shippedPolicy, ...env };
    const generatorAddress = await start(await createGenerator(toGeneratorConfig(generatorEnv)));
    const swift = join(shippedPolicy, "swift.safetensors");
    const verifierEnv = {
      ...prefixed("VERIFIER"),
      GENERATOR_ADDRESS: generatorAddress,
      VERIFIER_PRM: shippedPrm,
      VERIFIER_SWIFT: existsSync(swift) ? swift : "",
      ...env,
    };
    const verifierAddress = await start(await createVerifier(toVerifierConfig(verifierEnv)));
    const [generatorMetrics, verifierMetrics] = services.map(({ metricsAddress }) => metricsAddress);
    return { generatorAddress, verifierAddress, generatorMetrics, verifierMetrics, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

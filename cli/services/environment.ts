/** The settings of the services that this command line starts. The names are those of each service's config.ts. */
import type { ModelChoice } from "../options/models.js";

/** Where a service listens: always loopback here; port 0 is any free one. */
export interface Listen {
  readonly port: number;
  /** Unset: it answers no `/metrics`. */
  readonly metricsPort?: number | undefined;
}

type Environment = Readonly<Record<string, string>>;

/**
 * Loopback in plain text: ports, tokens and certificates in this process's environment are for services that are reached
 * from elsewhere. An empty variable counts as unset.
 */
function listening(prefix: string, { port, metricsPort }: Listen): Environment {
  return {
    [`${prefix}_HOST`]: "127.0.0.1",
    [`${prefix}_PORT`]: String(port),
    [`${prefix}_METRICS_PORT`]: String(metricsPort ?? ""),
    [`${prefix}_TOKEN`]: "",
    [`${prefix}_TLS_CERT`]: "",
    [`${prefix}_TLS_KEY`]: "",
    [`${prefix}_TLS_CLIENT_CA`]: "",
  };
}

export function generatorEnvironment(
  { policy, precision, threads }: Omit<ModelChoice, "prm" | "swift" | "calibration">,
  listen: Listen,
): Environment {
  return {
    ...listening("GENERATOR", listen),
    GENERATOR_POLICY: policy,
    ...(precision !== undefined && { GENERATOR_PRECISION: precision }),
    ...(threads !== undefined && { GENERATOR_THREADS: String(threads) }),
  };
}

export function verifierEnvironment(
  { prm, swift, calibration, precision, threads }: ModelChoice,
  listen: Listen,
  generatorAddress: string,
): Environment {
  return {
    ...listening("VERIFIER", listen),
    GENERATOR_ADDRESS: generatorAddress,
    GENERATOR_TOKEN: "",
    GENERATOR_TLS: "",
    GENERATOR_CA: "",
    GENERATOR_CLIENT_CERT: "",
    GENERATOR_CLIENT_KEY: "",
    VERIFIER_PRM: prm ?? "",
    VERIFIER_SWIFT: swift ?? "",
    VERIFIER_CALIBRATION: calibration ?? "",
    ...(precision !== undefined && { VERIFIER_PRECISION: precision }),
    ...(threads !== undefined && { VERIFIER_THREADS: String(threads) }),
  };
}

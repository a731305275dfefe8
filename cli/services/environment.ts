/** The settings of the services that this command line starts. The names are those of each service's config.ts. */
import type { ModelChoice } from "../options/models.js";

/** Where a service listens: always loopback here; port 0 is any free one. */
export interface Listen {
  readonly port: number;
}

type Environment = Readonly<Record<string, string>>;

/** Loopback in plain text: tokens and certificates in this process's environment are for services that are reached from elsewhere. */
function listening(prefix: string, { port }: Listen): Environment {
  const unset = ["TOKEN", "TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"].map((name) => [`${prefix}_${name}`, ""]);
  return {
    [`${prefix}_HOST`]: "127.0.0.1",
    [`${prefix}_PORT`]: String(port),
    ...(Object.fromEntries(unset) as Environment),
  };
}

export function generatorEnvironment(
  { policy, precision, threads }: Omit<ModelChoice, "prm" | "swift">,
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
  { prm, swift, threads }: ModelChoice,
  listen: Listen,
  generatorAddress: string,
): Environment {
  return {
    ...listening("VERIFIER", listen),
    VERIFIER_GENERATOR: generatorAddress,
    VERIFIER_PRM: prm,
    ...(swift !== undefined && { VERIFIER_SWIFT: swift }),
    ...(threads !== undefined && { VERIFIER_THREADS: String(threads) }),
  };
}

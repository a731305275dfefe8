/** The settings of the services that this command line starts. The names are those of each service's config.ts. */
import type { ModelChoice } from "../options/models.js";

/** Where a service listens: always loopback here; port 0 is any free one. */
export interface Listen {
  readonly port: number;
}

type Environment = Readonly<Record<string, string>>;

export function generatorEnvironment(
  { policy, precision, threads }: Omit<ModelChoice, "prm" | "swift">,
  { port }: Listen,
): Environment {
  return {
    GENERATOR_LISTEN: `127.0.0.1:${port}`,
    GENERATOR_MODEL: policy,
    ...(precision !== undefined && { GENERATOR_PRECISION: precision }),
    ...(threads !== undefined && { GENERATOR_THREADS: String(threads) }),
  };
}

export function verifierEnvironment(
  { prm, swift, threads }: ModelChoice,
  { port }: Listen,
  generatorAddress: string,
): Environment {
  return {
    VERIFIER_LISTEN: `127.0.0.1:${port}`,
    VERIFIER_GENERATOR: generatorAddress,
    VERIFIER_PRM: prm,
    ...(swift !== undefined && { VERIFIER_SWIFT: swift }),
    ...(threads !== undefined && { VERIFIER_THREADS: String(threads) }),
  };
}

/** What a pair serves, asked from both of its services: the line that scripts wait for. */
import { generatorService, verifierService } from "#shared/rpc/proto.js";
import type { Pair } from "./pair.js";
import { withClient } from "./use.js";

export interface ReadyEvent {
  readonly event: "ready";
  /** `HOST:PORT`. */
  readonly generator: string;
  readonly verifier: string;
  /** `HOST:PORT` of each one's `/metrics`; null when it answers none. */
  readonly generator_metrics: string | null;
  readonly verifier_metrics: string | null;
  readonly policy: string;
  readonly policy_parameters: number;
  readonly precision: string;
  /** Null when none is served. */
  readonly prm: string | null;
  readonly prm_parameters: number;
  readonly swift: string | null;
  /** Hash of what AUTO plans by, hex; null: the published table. */
  readonly calibration: string | null;
}

/** Rejects when one of them does not answer. */
export async function readyEvent({ generator, verifier }: Pair, signal: AbortSignal): Promise<ReadyEvent> {
  const model = await withClient(generatorService, generator.address, (client) =>
    client.getModelInfo({}, { signal }),
  );
  const reward = await withClient(verifierService, verifier.address, (client) =>
    client.getVerifierInfo({}, { signal }),
  );
  return {
    event: "ready",
    generator: generator.address,
    verifier: verifier.address,
    generator_metrics: generator.metrics ?? null,
    verifier_metrics: verifier.metrics ?? null,
    policy: model.model,
    policy_parameters: model.parameterCount,
    precision: model.precision,
    prm: reward.prmModel || null,
    prm_parameters: reward.prmParameterCount,
    swift: reward.swiftHead || null,
    calibration: reward.calibrationHash || null,
  };
}

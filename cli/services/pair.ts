/** The generator and the verifier, started in place as two processes on loopback and stopped together. */
import type { ModelChoice } from "../options/models.js";
import type { Progress } from "../terminal/progress.js";
import { type ServiceChild, serviceMain, startChild } from "./child.js";
import { generatorEnvironment, type Listen, verifierEnvironment } from "./environment.js";

export interface Pair {
  readonly generator: ServiceChild;
  readonly verifier: ServiceChild;
  /** Stops both, the verifier first since it uses the generator. Idempotent; never rejects. */
  stop(): Promise<void>;
}

export interface PairPlaces {
  readonly generator: Listen;
  readonly verifier: Listen;
}

/** Entry files of the services; tests put small stand-ins here. */
export interface PairMains {
  readonly generator: string;
  readonly verifier: string;
}

const ANY_PORT: PairPlaces = { generator: { port: 0 }, verifier: { port: 0 } };

export async function startGenerator(
  models: Omit<ModelChoice, "prm" | "swift" | "calibration">,
  progress: Progress,
  signal: AbortSignal,
  listen: Listen = ANY_PORT.generator,
  main = serviceMain("generator"),
): Promise<ServiceChild> {
  const environment = generatorEnvironment(models, listen);
  return progress.during("starting the generator", () =>
    startChild({ name: "generator", main, environment }, signal),
  );
}

/** Rejects with nothing left running. */
export async function startPair(
  models: ModelChoice,
  progress: Progress,
  signal: AbortSignal,
  places: PairPlaces = ANY_PORT,
  mains: PairMains = { generator: serviceMain("generator"), verifier: serviceMain("verifier") },
): Promise<Pair> {
  const generator = await startGenerator(models, progress, signal, places.generator, mains.generator);
  try {
    const environment = verifierEnvironment(models, places.verifier, generator.address);
    const spec = { name: "verifier", main: mains.verifier, environment };
    const verifier = await progress.during("starting the verifier", () => startChild(spec, signal));
    const stop = async () => {
      await verifier.stop();
      await generator.stop();
    };
    return { generator, verifier, stop };
  } catch (error) {
    await generator.stop();
    throw error;
  }
}

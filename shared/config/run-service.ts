/** A service as a process: started from the environment, announced on stdout, ended by a signal. */
import { ServiceError } from "#shared/errors.js";
import type { Env } from "./env.js";

export interface RunnableService {
  /** Resolves to the address it serves on, host:port. */
  start(): Promise<string>;
  /** Where `/metrics` is answered, host:port; undefined before the start and without a port for it. */
  readonly metricsAddress: string | undefined;
  stop(): Promise<void>;
  /** Aborts when the service can never serve again; the reason says why. */
  readonly failed: AbortSignal;
}

/** What a service cannot use, a setting or a model, ends it with 2; anything else with 1. */
const EXIT_FAILED = 1;
const EXIT_BAD_INPUT = 2;
const badInput: ReadonlySet<string> = new Set(["invalid_argument", "not_found", "failed_precondition"]);

/**
 * Runs until SIGTERM or SIGINT, then stops in order and exits with 0; a second signal ends it at once. Prints one line
 * `{"event":"ready","address":"host:port"}` on stdout when it serves (with `"metrics":"host:port"` if it answers there),
 * one line on stderr when it cannot.
 */
export async function runService(
  name: string,
  create: (env: Env) => Promise<RunnableService>,
): Promise<void> {
  let service: RunnableService | undefined;
  let signals = 0;
  const onSignal = (signal: "SIGTERM" | "SIGINT"): void => {
    // Nothing is open while the service is still loading.
    if (++signals > 1 || service === undefined) process.exit(128 + (signal === "SIGTERM" ? 15 : 2));
    // Exits even when a peer keeps its half of a connection open.
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(name, error),
    );
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  try {
    const created = await create(process.env);
    const address = await created.start();
    service = created;
    created.failed.addEventListener("abort", () => fail(name, created.failed.reason));
    const metrics = created.metricsAddress;
    process.stdout.write(`${JSON.stringify({ event: "ready", address, metrics })}\n`);
  } catch (error) {
    fail(name, error);
  }
}

function fail(name: string, error: unknown): never {
  const isExpected = error instanceof ServiceError && error.code !== "internal";
  const text = isExpected
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${name}: ${isExpected ? text.replaceAll(/\s*\n\s*/g, " ") : text}\n`);
  process.exit(isExpected && badInput.has(error.code) ? EXIT_BAD_INPUT : EXIT_FAILED);
}

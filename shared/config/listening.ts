/** The settings that every service has: where it listens, who may call, how it ends, what it logs. */
import { type LogLevel, logLevels } from "#shared/log.js";
import type { ServerTls } from "#shared/rpc/tls.js";
import type { Place } from "#shared/telemetry/endpoint.js";
import { type Env, configError, readEnum, readInt, readString } from "./env.js";

const portRange = { min: 0, max: 65_535 };

export interface Listening {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly token?: string;
  readonly tls?: ServerTls;
  /** For calls that set no deadline. */
  readonly defaultDeadlineMs: number;
  /** Running calls get this long to finish when the service stops. */
  readonly graceMs: number;
  readonly logLevel: LogLevel;
  /** Where `/metrics` is answered; unset: nowhere. */
  readonly metrics?: Place;
}

/**
 * Reads PREFIX_HOST, _PORT, _TOKEN, _TLS_CERT, _TLS_KEY, _TLS_CLIENT_CA, _DEADLINE_MS, _GRACE_MS, _LOG_LEVEL and
 * _METRICS_PORT.
 */
export function readListening(env: Env, prefix: string, defaultPort: number): Listening {
  const token = readString(env, `${prefix}_TOKEN`, undefined);
  const tls = readTls(env, prefix);
  const host = readString(env, `${prefix}_HOST`, "127.0.0.1");
  const port = readInt(env, `${prefix}_PORT`, defaultPort, portRange);
  const metrics = readMetrics(env, prefix, host, port);
  return Object.freeze({
    host,
    port,
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls }),
    defaultDeadlineMs: readInt(env, `${prefix}_DEADLINE_MS`, 600_000, { min: 1 }),
    graceMs: readInt(env, `${prefix}_GRACE_MS`, 5000, { min: 0 }),
    logLevel: readEnum(env, `${prefix}_LOG_LEVEL`, logLevels, "info"),
    ...(metrics !== undefined && { metrics }),
  });
}

function readMetrics(env: Env, prefix: string, host: string, rpcPort: number): Place | undefined {
  const variable = `${prefix}_METRICS_PORT`;
  const port = readInt(env, variable, undefined, portRange);
  if (port === undefined) return undefined;
  if (port === rpcPort && port !== 0)
    throw configError(variable, `must differ from ${prefix}_PORT, got ${port} for both`);
  return Object.freeze({ host, port, variable });
}

function readTls(env: Env, prefix: string): ServerTls | undefined {
  const certPath = readString(env, `${prefix}_TLS_CERT`, undefined);
  const keyPath = readString(env, `${prefix}_TLS_KEY`, undefined);
  const clientCaPath = readString(env, `${prefix}_TLS_CLIENT_CA`, undefined);
  if (certPath === undefined && keyPath === undefined && clientCaPath === undefined) return undefined;
  if (certPath === undefined || keyPath === undefined)
    throw configError(`${prefix}_TLS_CERT`, `and ${prefix}_TLS_KEY must be set together, each to a PEM file`);
  return { certPath, keyPath, ...(clientCaPath !== undefined && { clientCaPath }) };
}

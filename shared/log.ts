import { destination, pino, type Logger } from "pino";

export type { Logger } from "pino";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** A net below the rule that prompts, answers and secrets are never handed to the log in the first place. */
const neverLogged = ["prompt", "problem", "text", "messages", "token", "authorization", "metadata"];

/** JSON lines on stderr: stdout belongs to results and the ready line. `service` is on every line. */
export function createLogger(service: string, level: LogLevel): Logger {
  const paths = neverLogged.flatMap((key) => [key, `*.${key}`]);
  return pino(
    { level, base: { service }, redact: { paths, censor: "[not logged]" } },
    destination({ fd: 2, sync: true }),
  );
}

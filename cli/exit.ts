/** How a command ends: the exit statuses scripts rely on, and which error means which. */
import { ServiceError } from "#shared/errors.js";

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_BAD_INPUT = 2;
export const EXIT_NO_ANSWER = 3;

/** What the caller gave cannot be used. The message says what must hold, what was got, and what to do. */
export class BadInputError extends Error {
  override readonly name = "BadInputError";
}

/** The user or the system asked the command to stop. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  /** 128 + the signal's number, as shells report it. */
  readonly exitStatus: number;

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`stopped by ${signal}`);
    this.exitStatus = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
  }
}

/** The exit status of a command that threw. A service that refuses a request as invalid is bad input too. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitStatus;
  if (error instanceof BadInputError) return EXIT_BAD_INPUT;
  if (error instanceof ServiceError && error.code === "invalid_argument") return EXIT_BAD_INPUT;
  return EXIT_FAILED;
}

/** What to tell about an error: its message, and for a bug of ours the stack that finds it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected =
    error instanceof BadInputError || error instanceof InterruptedError || error instanceof ServiceError;
  if (expected || isSystemError(error)) return error.message;
  return error.stack ?? error.message;
}

function isSystemError(error: Error): boolean {
  return "syscall" in error;
}

/** One service as a child process: started, waited for until it says that it is ready, and stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ServiceError } from "#shared/errors.js";
import { BadInputError, EXIT_BAD_INPUT } from "../exit.js";

export interface ChildSpec {
  /** generator or verifier, for messages. */
  readonly name: string;
  /** Compiled entry file. */
  readonly main: string;
  /** Added to this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ServiceChild {
  readonly name: string;
  readonly pid: number;
  /** `HOST:PORT` it serves on. */
  readonly address: string;
  /** `HOST:PORT` of its `/metrics`, if it answers there. */
  readonly metrics: string | undefined;
  /** Resolves, with what it last wrote to stderr, when the process has ended, for whatever reason. */
  readonly ended: Promise<string>;
  /** SIGTERM, then SIGKILL when it does not end in time. Idempotent; never rejects. */
  stop(): Promise<void>;
}

/** Writing a large model's weights to the cache is the slow part of a first start. */
const START_LIMIT_MS = 300_000;
/** Longer than a service takes to drain. */
const STOP_LIMIT_MS = 8_000;
const MAX_STDERR_LINES = 40;
const MAX_LINE_CHARACTERS = 2_000;

const PRELOAD = new URL("./exit-with-parent.js", import.meta.url);

/** Children that run, so that none outlives this process however it ends. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

type Ready = Pick<ServiceChild, "address" | "metrics">;

/** Starts a service. Rejects, with nothing left running, when it ends or stays silent instead of becoming ready. */
export async function startChild(spec: ChildSpec, signal: AbortSignal): Promise<ServiceChild> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, ["--import", PRELOAD.href, spec.main], {
    env: { ...process.env, ...spec.environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(child);
  const stderr = keepLastLines(child);
  // "close" comes after the last of stderr, "exit" may come before it; after a failed spawn there is no "exit".
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  void closed.then(() => running.delete(child));
  const stop = () => stopChild(child, closed);
  try {
    const ready = await whenReady(spec, child, closed, stderr, signal);
    return {
      name: spec.name,
      pid: child.pid!,
      ...ready,
      ended: closed.then(() => stderr().join("\n")),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function whenReady(
  spec: ChildSpec,
  child: ChildProcess,
  closed: Promise<void>,
  stderr: () => readonly string[],
  signal: AbortSignal,
): Promise<Ready> {
  const waiting = new AbortController();
  const limit = AbortSignal.any([signal, waiting.signal, AbortSignal.timeout(START_LIMIT_MS)]);
  const interrupted = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => {
      const late = `the ${spec.name} must be ready within ${START_LIMIT_MS / 1000} s and is not; its last words:\n${stderr().join("\n")}`;
      reject(signal.aborted ? signal.reason : new ServiceError("unavailable", late));
    });
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) =>
      reject(new ServiceError("unavailable", `the ${spec.name} cannot be started: ${error.message}`)),
    );
    void closed.then(() => reject(startFailure(spec.name, child, stderr())));
  });
  try {
    return await Promise.race([firstReadyLine(child), failed, interrupted]);
  } finally {
    failed.catch(() => {});
    interrupted.catch(() => {});
    waiting.abort();
  }
}

function firstReadyLine(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve) => {
    // Reading goes on after the ready line: a full pipe would block the service.
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const ready = parseReadyLine(line);
      if (ready !== undefined) resolve(ready);
    });
  });
}

/** The addresses in `{"event":"ready","address":"host:port","metrics":"host:port"}`; undefined for any other line. */
function parseReadyLine(line: string): Ready | undefined {
  try {
    const { event, address, metrics } = JSON.parse(line) as Record<string, unknown>;
    if (event !== "ready" || typeof address !== "string") return undefined;
    return { address, metrics: typeof metrics === "string" ? metrics : undefined };
  } catch {
    return undefined;
  }
}

function startFailure(name: string, child: ChildProcess, stderr: readonly string[]): Error {
  const how = child.signalCode === null ? `exit status ${child.exitCode}` : child.signalCode;
  const words = stderr.length === 0 ? "It said nothing." : stderr.join("\n");
  const message = `the ${name} ended before it was ready (${how}):\n${words}`;
  // A service ends with the same status for the same cause: a model or a setting it cannot use.
  return child.exitCode === EXIT_BAD_INPUT
    ? new BadInputError(message)
    : new ServiceError("unavailable", message);
}

function keepLastLines(child: ChildProcess): () => readonly string[] {
  const lines: string[] = [];
  createInterface({ input: child.stderr! }).on("line", (line) => {
    lines.push(line.slice(0, MAX_LINE_CHARACTERS));
    if (lines.length > MAX_STDERR_LINES) lines.shift();
  });
  return () => lines;
}

async function stopChild(child: ChildProcess, closed: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await closed;
  clearTimeout(timer);
}

/** Rejects, with its last words, when a service ends although nobody stopped it; Ctrl-C reaches the services too. */
export async function failWhenEnded({ name, ended }: ServiceChild, signal: AbortSignal): Promise<void> {
  const lastWords = await ended;
  if (!signal.aborted)
    throw new ServiceError("unavailable", `the ${name} ended unexpectedly; its last words:\n${lastWords}`);
}

/** The compiled entry file of a service of this package. */
export function serviceMain(name: "generator" | "verifier"): string {
  return fileURLToPath(new URL(`../../services/${name}/main.js`, import.meta.url));
}

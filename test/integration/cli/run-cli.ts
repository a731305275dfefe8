/** Runs the real binary as a user does. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const binary = fileURLToPath(new URL("../../../cli/bin.js", import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Resolves once stdout or stderr matches. */
  until(pattern: RegExp): Promise<void>;
}

export function startCli(args: readonly string[], stdin = ""): Running {
  return start([binary, ...args], stdin, {});
}

/** A script of the test's own, with environment variables added. */
export function start(
  args: readonly string[],
  stdin: string,
  environment: Readonly<Record<string, string>>,
): Running {
  const child = spawn(process.execPath, args, { env: { ...process.env, NO_COLOR: "1", ...environment } });
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const heard = () => {
    for (const check of waiting) check();
  };
  child.stdout.on("data", (chunk: Buffer) => ((stdout += chunk.toString()), heard()));
  child.stderr.on("data", (chunk: Buffer) => ((stderr += chunk.toString()), heard()));
  // The command may end without reading all of it.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const ended = new Promise<Ran>((resolve) =>
    child.once("close", (status) => resolve({ status, stdout, stderr })),
  );
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!pattern.test(stdout) && !pattern.test(stderr)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      void ended.then(() => reject(new Error(`ended before ${pattern}: ${stdout}${stderr}`)));
    });
  return { process: child, ended, until };
}

export function runCli(args: readonly string[], stdin = ""): Promise<Ran> {
  return startCli(args, stdin).ended;
}

/** stdout as one JSON value per line. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

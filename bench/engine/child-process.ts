/** The other end of `child.ts`: starts a contestant's process and gives it one order at a time. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Sample } from "./cell.js";
import type { Order, ReadyReport, Reply } from "./child.js";
import type { Task } from "./task.js";

export interface RunningContestant {
  readonly report: ReadyReport;
  run(task: Task): Promise<Sample>;
  greedy(prompt: readonly number[], length: number): Promise<readonly number[]>;
  /** Ends the process; gives the most memory it ever held. */
  end(): Promise<number>;
  /** Ends it whatever it does. Idempotent. */
  kill(): void;
}

/** @throws Error with what the process said when it fails or ends by itself. */
export async function startContestant(
  script: string,
  setup: unknown,
  signal: AbortSignal,
): Promise<RunningContestant> {
  const child = fork(script, [JSON.stringify(setup)], { signal, stdio: ["ignore", 2, 2, "ipc"] });
  // An abort ends the child and comes up in whatever waits for it.
  child.on("error", () => {});
  try {
    const ready = await answer(child, "ready");
    return {
      report: ready.report,
      run: async (task) => (await ask(child, { kind: "task", task }, "sample")).sample,
      greedy: async (prompt, length) =>
        (await ask(child, { kind: "greedy", prompt, length }, "tokens")).tokenIds,
      end: async () => (await ask(child, { kind: "end" }, "ended")).peakRssBytes,
      kill: () => void child.kill("SIGKILL"),
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function ask<Kind extends Reply["kind"]>(
  child: ChildProcess,
  order: Order,
  kind: Kind,
): Promise<Extract<Reply, { kind: Kind }>> {
  const answered = answer(child, kind);
  child.send(order);
  return answered;
}

async function answer<Kind extends Reply["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<Reply, { kind: Kind }>> {
  const over = new AbortController();
  try {
    const reply = await Promise.race<Reply>([
      once(child, "message", over).then(([message]) => message as Reply),
      once(child, "exit", over).then(([code, signal]) => {
        throw new Error(`${child.spawnargs[1]} ended with ${signal ?? code} instead of answering`);
      }),
    ]);
    if (reply.kind === "failed") throw new Error(reply.message);
    if (reply.kind !== kind) throw new Error(`expected ${kind}, got ${reply.kind}`);
    return reply as Extract<Reply, { kind: Kind }>;
  } finally {
    over.abort();
  }
}

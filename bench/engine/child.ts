/**
 * A contestant in a process of its own, told what to do by the process that compares: it says when it is ready, runs
 * one task after the other, and ends when told.
 */
import type { Sample } from "./cell.js";
import type { Contestant } from "./contestant.js";
import { greedy, runTask, type Task } from "./task.js";

export type Order =
  | { readonly kind: "task"; readonly task: Task }
  | { readonly kind: "greedy"; readonly prompt: readonly number[]; readonly length: number }
  | { readonly kind: "end" };

export interface ReadyReport {
  readonly settings: string;
  readonly versions: Readonly<Record<string, string>>;
  /** From the start of the process until the model could run. */
  readonly startMs: number;
  readonly rssBytes: number;
}

export type Reply =
  | { readonly kind: "ready"; readonly report: ReadyReport }
  | { readonly kind: "sample"; readonly sample: Sample }
  | { readonly kind: "tokens"; readonly tokenIds: readonly number[] }
  | { readonly kind: "ended"; readonly peakRssBytes: number }
  | { readonly kind: "failed"; readonly message: string };

/** Runs tasks: a contestant step by step, or something that only takes whole tasks. */
export interface Runner {
  readonly settings: string;
  readonly versions: Readonly<Record<string, string>>;
  run(task: Task): Promise<Sample>;
  greedy(prompt: readonly number[], length: number): Promise<readonly number[]>;
  dispose(): Promise<void>;
}

export const stepwise = (contestant: Contestant): Runner => ({
  settings: contestant.settings,
  versions: contestant.versions,
  run: (task) => runTask(contestant, task),
  greedy: (prompt, length) => greedy(contestant, prompt, length),
  dispose: () => contestant.dispose(),
});

/** The whole life of such a process; `create` gets what the comparing process passed as its argument. */
export async function serveRunner(create: (setup: never) => Promise<Runner>): Promise<void> {
  const send = (reply: Reply): Promise<void> =>
    new Promise((resolve, reject) =>
      process.send!(reply, undefined, undefined, (error) => (error === null ? resolve() : reject(error))),
    );
  const failed = async (error: unknown): Promise<never> => {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await send({ kind: "failed", message });
    process.exit(1);
  };
  try {
    const runner = await create(JSON.parse(process.argv[2]!) as never);
    const { settings, versions } = runner;
    process.on("message", (order: Order) => void obey(runner, order, send).catch(failed));
    const startMs = Date.now() - performance.timeOrigin;
    await send({
      kind: "ready",
      report: { settings, versions, startMs, rssBytes: process.memoryUsage.rss() },
    });
  } catch (error) {
    await failed(error);
  }
}

async function obey(runner: Runner, order: Order, send: (reply: Reply) => Promise<void>): Promise<void> {
  if (order.kind === "task") return send({ kind: "sample", sample: await runner.run(order.task) });
  if (order.kind === "greedy")
    return send({ kind: "tokens", tokenIds: await runner.greedy(order.prompt, order.length) });
  await send({ kind: "ended", peakRssBytes: process.resourceUsage().maxRSS * 1024 });
  await runner.dispose();
  process.exit(0);
}

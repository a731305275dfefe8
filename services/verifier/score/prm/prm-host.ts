/**
 * The PRM on the main thread: a step scorer whose work is done in a Worker. Only texts go there and only scores come
 * back, so the gRPC loop never waits for the model.
 */
import { spawnWorker, type WorkerHost } from "#shared/lm/runtime/worker-host.js";
import { ServiceError } from "#shared/errors.js";
import type { LanguageModelInfo } from "#shared/lm/types.js";
import type { NodeId, ScorerSession, ScorerUsage, StepSample, StepScorer } from "../../ports.js";
import type { TextStep } from "./batch-work.js";
import type { PrmMethods, PrmWorkerData } from "./worker-methods.js";

export interface PrmScorer extends Omit<StepScorer, "open"> {
  readonly info: LanguageModelInfo;
  open(problem: string, signal: AbortSignal): Promise<PrmSession>;
  /** A recent snapshot; never waits for the model. */
  stats(): PrmStats;
  /** Ends the Worker; calls under way and later ones reject with unavailable. Idempotent. */
  dispose(): Promise<void>;
}

export interface PrmStats {
  /** Those whose prompt is being run included. */
  readonly sessions: number;
  /** Steps without a score yet, those that run included. */
  readonly waitingSteps: number;
  /** Keys and values of all sessions, as the Worker told last. */
  readonly usedKvBytes: number;
}

export interface PrmSession extends Omit<ScorerSession, "score"> {
  readonly promptTokens: number;
  /** As `ScorerSession.score`, each in (0, 1). */
  score(steps: readonly StepSample[]): Promise<readonly number[]>;
}

/** The snapshot in the making. */
type Counts = { -readonly [K in keyof PrmStats]: PrmStats[K] };
type Host = Pick<WorkerHost<PrmMethods>, "call" | "dispose">;

/** Loads a PRM in a Worker of its own. Rejects with what is wrong with its files. `onCrash`: the Worker died later. */
export async function startPrm(
  data: PrmWorkerData,
  onCrash: (error: ServiceError) => void,
): Promise<PrmScorer> {
  const url = new URL("./worker.js", import.meta.url);
  return connectPrm(await spawnWorker<PrmMethods>(url, data, { name: "the PRM's worker", onCrash }));
}

/** A scorer over a Worker that is ready. */
export async function connectPrm(host: Host): Promise<PrmScorer> {
  const info = await host.call("info", {});
  const stats: Counts = { sessions: 0, waitingSteps: 0, usedKvBytes: 0 };
  let lastSession = 0;
  return {
    name: "prm",
    probes: [],
    info,
    stats: () => ({ ...stats }),
    async open(problem, signal) {
      const session = ++lastSession;
      stats.sessions += 1;
      try {
        const opened = await host.call("open", { session, problem }, signal);
        stats.usedKvBytes = opened.usedKvBytes;
        return new HostSession(host, session, opened, stats);
      } catch (error) {
        // Given up or failed halfway: whatever the Worker has of it goes.
        stats.sessions -= 1;
        tell(host.call("close", { session }), stats);
        throw error;
      }
    },
    dispose: () => host.dispose(),
  };
}

/** Sends what needs no answer; a Worker that is gone has nothing left to free. */
function tell(call: Promise<{ readonly usedKvBytes: number }>, stats: Counts): void {
  call.then(({ usedKvBytes }) => (stats.usedKvBytes = usedKvBytes)).catch(() => undefined);
}

class HostSession implements PrmSession {
  readonly promptTokens: number;
  readonly #host: Host;
  readonly #session: number;
  readonly #stats: Counts;
  #usage: ScorerUsage;
  #closed = false;

  constructor(
    host: Host,
    session: number,
    opened: { readonly promptTokens: number; readonly usage: ScorerUsage },
    stats: Counts,
  ) {
    this.#host = host;
    this.#session = session;
    this.promptTokens = opened.promptTokens;
    this.#usage = opened.usage;
    this.#stats = stats;
  }

  async score(steps: readonly StepSample[]): Promise<readonly number[]> {
    const texts = steps.map(({ nodeId, parentId, text }) => ({ nodeId, parentId, text }));
    const { scores, usage } = await this.#call(texts);
    if (usage.verifierTokens > this.#usage.verifierTokens) this.#usage = usage;
    if (scores.length !== steps.length)
      throw new ServiceError("internal", `the PRM must give ${steps.length} scores, got ${scores.length}`);
    return scores;
  }

  prune(nodeIds: readonly NodeId[]): void {
    tell(this.#host.call("prune", { session: this.#session, nodeIds }), this.#stats);
  }

  usage(): ScorerUsage {
    return this.#usage;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stats.sessions -= 1;
    tell(this.#host.call("close", { session: this.#session }), this.#stats);
  }

  async #call(steps: readonly TextStep[]): ReturnType<PrmMethods["score"]> {
    this.#stats.waitingSteps += steps.length;
    try {
      const scored = await this.#host.call("score", { session: this.#session, steps });
      this.#stats.usedKvBytes = scored.usedKvBytes;
      return scored;
    } finally {
      this.#stats.waitingSteps -= steps.length;
    }
  }
}

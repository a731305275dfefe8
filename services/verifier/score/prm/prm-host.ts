/**
 * The PRM on the main thread: a step scorer whose work is done in a Worker. Only texts go there and only scores come
 * back, so the gRPC loop never waits for the model.
 */
import { spawnWorker, type WorkerHost } from "#shared/lm/runtime/worker-host.js";
import { ServiceError } from "#shared/errors.js";
import type { LanguageModelInfo } from "#shared/lm/types.js";
import type { NodeId, ScorerSession, ScorerUsage, StepSample, StepScorer } from "../../ports.js";
import type { PrmMethods, PrmWorkerData } from "./worker-methods.js";

export interface PrmScorer extends StepScorer {
  readonly info: LanguageModelInfo;
  open(problem: string, signal: AbortSignal): Promise<PrmSession>;
  /** Ends the Worker; calls under way and later ones reject with unavailable. Idempotent. */
  dispose(): Promise<void>;
}

export interface PrmSession extends ScorerSession {
  readonly promptTokens: number;
}

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
  let sessions = 0;
  return {
    name: "prm",
    probes: [],
    info,
    async open(problem, signal) {
      const session = ++sessions;
      try {
        const { promptTokens, usage } = await host.call("open", { session, problem }, signal);
        return new HostSession(host, session, promptTokens, usage);
      } catch (error) {
        // Given up or failed halfway: whatever the Worker has of it goes.
        tell(host.call("close", { session }));
        throw error;
      }
    },
    dispose: () => host.dispose(),
  };
}

/** Sends what needs no answer; a Worker that is gone has nothing left to free. */
function tell(call: Promise<void>): void {
  call.catch(() => undefined);
}

class HostSession implements PrmSession {
  readonly promptTokens: number;
  readonly #host: Host;
  readonly #session: number;
  #usage: ScorerUsage;
  #closed = false;

  constructor(host: Host, session: number, promptTokens: number, usage: ScorerUsage) {
    this.#host = host;
    this.#session = session;
    this.promptTokens = promptTokens;
    this.#usage = usage;
  }

  async score(steps: readonly StepSample[]): Promise<readonly number[]> {
    const texts = steps.map(({ nodeId, parentId, text }) => ({ nodeId, parentId, text }));
    const { scores, usage } = await this.#host.call("score", { session: this.#session, steps: texts });
    if (usage.verifierTokens > this.#usage.verifierTokens) this.#usage = usage;
    if (scores.length !== steps.length)
      throw new ServiceError("internal", `the PRM must give ${steps.length} scores, got ${scores.length}`);
    return scores;
  }

  prune(nodeIds: readonly NodeId[]): void {
    tell(this.#host.call("prune", { session: this.#session, nodeIds }));
  }

  usage(): ScorerUsage {
    return this.#usage;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    tell(this.#host.call("close", { session: this.#session }));
  }
}

/** What the main thread asks of the Worker that runs the PRM, answered by an engine. */
import type { WorkerService } from "#shared/lm/runtime/worker-guest.js";
import type { LanguageModelInfo, PrecisionChoice } from "#shared/lm/types.js";
import type { NodeId, ScorerUsage } from "../../ports.js";
import type { TextStep } from "./batch-work.js";
import type { BatcherLimits } from "./batcher.js";
import type { PrmEngine } from "./engine.js";

/** What the Worker is started with. */
export interface PrmWorkerData {
  /** Directory of a PRM of a known family. */
  readonly dir: string;
  readonly precision: PrecisionChoice;
  /** Threads inside one operator. */
  readonly threads: number;
  /** Where compiled weights are kept. */
  readonly cacheDir: string;
  readonly limits: BatcherLimits;
}

interface InSession {
  readonly session: number;
}

/** With every reply, so that the main thread knows it without asking. */
interface WithMemory {
  /** Bytes that count against `maxKvBytes`. */
  readonly usedKvBytes: number;
}

export interface PrmMethods {
  info(args: Record<string, never>): Promise<LanguageModelInfo>;
  open(
    args: InSession & { readonly problem: string },
  ): Promise<WithMemory & { promptTokens: number; usage: ScorerUsage }>;
  score(
    args: InSession & { readonly steps: readonly TextStep[] },
  ): Promise<WithMemory & { scores: readonly number[]; usage: ScorerUsage }>;
  prune(args: InSession & { readonly nodeIds: readonly NodeId[] }): Promise<WithMemory>;
  close(args: InSession): Promise<WithMemory>;
}

export function createPrmMethods(engine: PrmEngine): WorkerService<PrmMethods>["methods"] {
  return {
    info: async () => engine.info,
    async open({ session, problem }) {
      const promptTokens = await engine.open(session, problem);
      return { promptTokens, usage: engine.usage(session), usedKvBytes: engine.usedKvBytes };
    },
    async score({ session, steps }) {
      const scores = await engine.score(session, steps);
      return { scores, usage: engine.usage(session), usedKvBytes: engine.usedKvBytes };
    },
    async prune({ session, nodeIds }) {
      engine.prune(session, nodeIds);
      return { usedKvBytes: engine.usedKvBytes };
    },
    async close({ session }) {
      engine.close(session);
      return { usedKvBytes: engine.usedKvBytes };
    },
  };
}

/** The PRM in terms of text: what the Worker's methods call. */
import type { LanguageModelInfo } from "#shared/lm/types.js";
import type { NodeId, ScorerUsage } from "../../ports.js";
import type { TextStep } from "./batch-work.js";
import type { PrmBatcher } from "./batcher.js";

export interface PrmEngine {
  readonly info: LanguageModelInfo;
  /** Errors as `PrmBatcher.open`. */
  open(sessionId: number, problem: string): Promise<number>;
  /** Errors as `PrmBatcher.score`. */
  score(sessionId: number, steps: readonly TextStep[]): Promise<readonly number[]>;
  prune(sessionId: number, nodeIds: readonly NodeId[]): void;
  close(sessionId: number): void;
  usage(sessionId: number): ScorerUsage;
  /** As `PrmBatcher.usedBytes`. */
  readonly usedKvBytes: number;
}

export function createPrmEngine(info: LanguageModelInfo, batcher: PrmBatcher): PrmEngine {
  return {
    info,
    get usedKvBytes() {
      return batcher.usedBytes;
    },
    open: (sessionId, problem) => batcher.open(sessionId, problem),
    score: (sessionId, steps) => batcher.score(sessionId, steps),
    prune: (sessionId, nodeIds) => batcher.prune(sessionId, nodeIds),
    close: (sessionId) => batcher.close(sessionId),
    usage(sessionId) {
      const verifierTokens = batcher.verifierTokens(sessionId);
      return { verifierTokens, flops: verifierTokens * info.flopsPerToken };
    },
  };
}

/** The PRM in terms of text: prompts and steps are tokenized as its reader expects, then scored by the batcher. */
import type { LanguageModelInfo } from "#shared/lm/types.js";
import type { NodeId, ScorerUsage } from "../../ports.js";
import type { PrmBatcher } from "./batcher.js";
import { resultStart } from "./features.js";

/** The reader's tokenizer and template. */
export interface PrmTokenizer {
  /** A problem as the reader's prompt, ready for the first step. */
  encodePrompt(problem: string): readonly number[];
  /** A step on its own, no special tokens. */
  encodeStep(text: string): readonly number[];
  /** The text of each token on its own. */
  pieces(tokenIds: readonly number[]): readonly string[];
}

export interface TextStep {
  readonly nodeId: NodeId;
  readonly parentId: NodeId;
  readonly text: string;
}

export interface PrmEngine {
  readonly info: LanguageModelInfo;
  /** Runs the problem's prompt; resolves to its number of tokens. Errors as `PrmBatcher.open`. */
  open(sessionId: number, problem: string): Promise<number>;
  /** Errors as `PrmBatcher.score`. */
  score(sessionId: number, steps: readonly TextStep[]): Promise<readonly number[]>;
  prune(sessionId: number, nodeIds: readonly NodeId[]): void;
  close(sessionId: number): void;
  usage(sessionId: number): ScorerUsage;
}

export function createPrmEngine(
  info: LanguageModelInfo,
  tokenizer: PrmTokenizer,
  batcher: PrmBatcher,
): PrmEngine {
  return {
    info,
    async open(sessionId, problem) {
      const promptIds = tokenizer.encodePrompt(problem);
      await batcher.open(sessionId, promptIds);
      return promptIds.length;
    },
    async score(sessionId, steps) {
      const tokenized = steps.map(({ nodeId, parentId, text }) => {
        const tokenIds = tokenizer.encodeStep(text);
        const resultIndex = resultStart(tokenizer.pieces(tokenIds));
        return { nodeId, parentId, tokenIds, resultIndex };
      });
      return batcher.score(sessionId, tokenized);
    },
    prune: (sessionId, nodeIds) => batcher.prune(sessionId, nodeIds),
    close: (sessionId) => batcher.close(sessionId),
    usage(sessionId) {
      const verifierTokens = batcher.verifierTokens(sessionId);
      return { verifierTokens, flops: verifierTokens * info.flopsPerToken };
    },
  };
}

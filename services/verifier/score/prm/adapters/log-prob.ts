/**
 * This project's own PRMs: a reader's log-probs of the policy's tokens, summed up as nine features, scored by a small
 * head. A path remembers its statistics and the logits that predict the next step's first token.
 */
import type { RowOutput } from "#shared/lm/types.js";
import type { PathMemory, PrmAdapter, StepReading } from "../adapter.js";
import { EMPTY_PATH, extendPath, type PathStats, resultStart, stepFeatures } from "../features.js";
import { type PrmHead, prmScore } from "../head.js";
import type { PrmTokenizer } from "../tokenizer.js";
import { type TokenStats, tokenStats } from "../token-stats.js";

export const LOG_PROB_FAMILY = "deliberate";

interface Reader {
  readonly tokenizer: PrmTokenizer;
  readonly head: PrmHead;
  readonly vocabularySize: number;
}

export function createLogProbAdapter(reader: Reader): PrmAdapter {
  const { tokenizer, vocabularySize } = reader;
  return {
    family: LOG_PROB_FAMILY,
    promptWanted: { logits: "last" },
    memoryBytes: 4 * vocabularySize,
    encodePrompt: (problem) => tokenizer.encodePrompt(problem),
    encodeStep: (text) => tokenizer.encodeStep(text),
    stepWanted: () => ({ logits: "all" }),
    begin: ({ logits }) => memoryOf(reader, logits.slice(), EMPTY_PATH),
  };
}

/** `logits` [vocab] after the path's last token. */
function memoryOf(reader: Reader, logits: Float32Array, path: PathStats): PathMemory {
  return { read: (tokenIds) => new LogProbReading(reader, tokenIds, logits, path) };
}

class LogProbReading implements StepReading {
  readonly #reader: Reader;
  readonly #tokenIds: readonly number[];
  readonly #path: PathStats;
  /** Statistics of the tokens taken so far. */
  readonly #stats: TokenStats[] = [];
  /** [vocab] after the last of them. */
  #logits: Float32Array;

  constructor(reader: Reader, tokenIds: readonly number[], logits: Float32Array, path: PathStats) {
    this.#reader = reader;
    this.#tokenIds = tokenIds;
    this.#logits = logits;
    this.#path = path;
  }

  take(tokenIds: readonly number[], { logits }: RowOutput): void {
    const width = this.#reader.vocabularySize;
    for (const [index, tokenId] of tokenIds.entries()) {
      this.#stats.push(tokenStats(this.#logits, tokenId));
      this.#logits = logits.subarray(index * width, (index + 1) * width);
    }
    // A copy, so that the outputs of the whole round can be freed.
    this.#logits = this.#logits.slice();
  }

  finish(): { score: number; memory: PathMemory } {
    const { tokenizer, head } = this.#reader;
    const path = extendPath(this.#path, this.#stats);
    const result = resultStart(tokenizer.pieces(this.#tokenIds));
    const score = prmScore(head, stepFeatures(this.#stats, result, path));
    return { score, memory: memoryOf(this.#reader, this.#logits, path) };
  }
}

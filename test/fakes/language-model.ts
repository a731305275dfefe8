/**
 * A language model without tensors: the logits after a token are pseudo-random numbers that depend on every token
 * before it and on nothing else. Its keys and values are the tokens themselves, so a caller that loses or mixes them up
 * gets other logits.
 */
import type {
  KvSegment,
  LanguageModel,
  LanguageModelInfo,
  RowBatch,
  RowInput,
  RowOutput,
  Wanted,
} from "#shared/lm/types.js";

const EMPTY = new Float32Array(0);

export interface FakeModel extends LanguageModel {
  /** Inputs of every `step`, in order. */
  readonly rounds: (readonly RowInput[])[];
  /** Tokens run, prompts included. */
  tokensRun(): number;
  /** Rows admitted and not released. */
  liveRows(): number;
  /** Holds back every `step` until the function it returns is called. */
  pause(): () => void;
  /** Makes the next `step` fail. */
  failNext(error: Error): void;
}

/** Logits [vocabulary] after `history`. */
export function fakeLogits(history: readonly number[], vocabularySize: number): Float32Array {
  let hash = 2166136261;
  for (const id of history) hash = Math.imul(hash ^ (id + 1), 16777619) >>> 0;
  return Float32Array.from({ length: vocabularySize }, (_, id) => {
    const mixed = Math.imul(hash ^ Math.imul(id + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
    return (((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * 6 - 3;
  });
}

function segment(tokenIds: readonly number[]): KvSegment {
  return { tokenCount: tokenIds.length, byteLength: 4 * tokenIds.length, data: Float32Array.from(tokenIds) };
}

export function fakeLanguageModel(
  options: { vocabularySize?: number; contextLength?: number } = {},
): FakeModel {
  const vocabularySize = options.vocabularySize ?? 128;
  const info: LanguageModelInfo = {
    name: "fake",
    architecture: "fake",
    hash: "f".repeat(64),
    precision: "fp32",
    parameterCount: 1000,
    vocabularySize,
    contextLength: options.contextLength ?? 512,
    hiddenSize: 4,
    hiddenStateCount: 3,
    kvBytesPerToken: 4,
    weightBytes: 4000,
    prefillChunkTokens: 128,
    flopsPerToken: 2000,
  };
  let tokens = 0;
  let gate: Promise<void> = Promise.resolve();
  let failure: Error | undefined;
  const rounds: (readonly RowInput[])[] = [];
  const rows = new Map<number, number[]>();
  let nextRow = 0;

  const output = (
    row: number,
    before: readonly number[],
    added: readonly number[],
    wanted: Wanted,
  ): RowOutput => {
    const all = added.map((_, index) =>
      fakeLogits([...before, ...added.slice(0, index + 1)], vocabularySize),
    );
    const kept = wanted.logits === "all" ? all : wanted.logits === "last" ? all.slice(-1) : [];
    const logits = Float32Array.from(kept.flatMap((line) => [...line]));
    return { row, logits, summaries: [], probe: EMPTY, hidden: EMPTY };
  };

  const batch: RowBatch = {
    get rowCount() {
      return rows.size;
    },
    get byteLength() {
      return [...rows.values()].reduce((sum, row) => sum + 4 * row.length, 0);
    },
    byteLengthWith: (_prefix, tokenCount) => batch.byteLength + 4 * tokenCount,
    byteLengthAfter: (tokenCount) => batch.byteLength + 4 * tokenCount * rows.size,
    admit(prefix, path) {
      rows.set(
        nextRow,
        [prefix, ...path].flatMap(({ data }) => [...data]),
      );
      return nextRow++;
    },
    async step(inputs) {
      rounds.push(inputs);
      await gate;
      const error = failure;
      failure = undefined;
      if (error !== undefined) throw error;
      return inputs.map(({ row, tokenIds, wanted }) => {
        const history = rows.get(row);
        if (history === undefined) throw new Error(`no row ${row}`);
        const result = output(row, history, tokenIds, wanted);
        history.push(...tokenIds);
        tokens += tokenIds.length;
        return result;
      });
    },
    take: (row, tokenCount) => segment(rows.get(row)!.slice(-tokenCount)),
    release: (row) => {
      if (!rows.delete(row)) throw new Error(`row ${row} released twice`);
    },
  };

  return {
    info,
    runMs: 0,
    rounds,
    tokensRun: () => tokens,
    liveRows: () => rows.size,
    pause() {
      let open: () => void = () => undefined;
      gate = new Promise((resolve) => (open = resolve));
      return open;
    },
    failNext: (error) => (failure = error),
    activationBytes: (rowCount, contextTokens) => rowCount * (100 + contextTokens),
    prefixBytes: (tokenCount) => 4 * tokenCount,
    startPrefill: () => {
      throw new Error("the PRM runs prompts at once");
    },
    async prefill(tokenIds, wanted) {
      tokens += tokenIds.length;
      return { prefix: segment(tokenIds), output: output(-1, [], tokenIds, wanted) };
    },
    createBatch: () => batch,
    dispose: async () => undefined,
  };
}

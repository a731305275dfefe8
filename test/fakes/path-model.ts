/**
 * A language model whose logits and hidden states are a hash of the token path. Its "keys and values" are the tokens
 * themselves, so a row that was given the wrong segments says something else. It refuses overlapping calls and rows that
 * it does not know.
 */
import assert from "node:assert/strict";
import type {
  KvSegment,
  LanguageModel,
  LanguageModelInfo,
  LinearProbe,
  ProbeInput,
  RowBatch,
  RowInput,
  RowOutput,
  Wanted,
} from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { EOS } from "./byte-tokenizer.js";
import { referenceSummary } from "./logit-summary.js";

const VOCABULARY = 258;
const BYTES_PER_TOKEN = 8;
/** Slots grow by so many tokens at a time. */
const BUCKET = 4;

export const pathModelInfo: LanguageModelInfo = {
  name: "path-model",
  architecture: "fake",
  hash: "path-model-hash",
  precision: "fp32",
  parameterCount: 1000,
  vocabularySize: VOCABULARY,
  contextLength: 64,
  hiddenSize: 2,
  hiddenStateCount: 3,
  kvBytesPerToken: BYTES_PER_TOKEN,
  weightBytes: 4000,
  prefillChunkTokens: 128,
  flopsPerToken: 2000,
};

/** Letters are likely, "\n" and the end of the text come now and then, everything else never. */
export function logitsOf(path: readonly number[]): Float32Array {
  const rng = createRng("logits", ...path);
  const logits = new Float32Array(VOCABULARY).fill(-30);
  for (const letter of "abcdefgh ") logits[letter.charCodeAt(0)] = 3 * rng.next();
  logits["\n".charCodeAt(0)] = 4 * rng.next();
  logits[EOS] = 3.5 * rng.next() - 0.5;
  return logits;
}

/** Width 6: three states of two numbers. */
export function hiddenOf(path: readonly number[]): Float32Array {
  const rng = createRng("hidden", ...path);
  return Float32Array.from({ length: 6 }, () => rng.next() - 0.5);
}

/** What probes read; the norm of this model halves. */
const inputOf: Readonly<Record<ProbeInput, (path: readonly number[]) => Float32Array>> = {
  hidden: hiddenOf,
  hidden_final_norm: (path) => hiddenOf(path).map((value) => value / 2),
  logits: logitsOf,
};

export function probeOf(path: readonly number[], { input, weights, outputs }: LinearProbe): number[] {
  const values = inputOf[input](path);
  return Array.from({ length: outputs }, (_, output) =>
    values.reduce((sum, value, i) => sum + value * weights[output * values.length + i]!, 0),
  );
}

export interface PathModelOptions {
  /** Awaited inside each call of the model. */
  readonly gate?: () => Promise<void> | void;
  readonly info?: Partial<LanguageModelInfo>;
}

export interface PathModel extends LanguageModel {
  /** What was run, in order: the prompt's tokens, or the number of rows of a step. */
  readonly calls: ({ readonly prefill: number } | { readonly rows: number })[];
  readonly disposed: boolean;
}

export function createPathModel(options: PathModelOptions = {}): PathModel {
  const calls: PathModel["calls"] = [];
  let busy = false;
  let disposed = false;
  const exclusively = async <T>(run: () => T): Promise<T> => {
    assert(!busy, "calls of the model must not overlap");
    assert(!disposed, "the model is disposed");
    busy = true;
    try {
      await options.gate?.();
      return run();
    } finally {
      busy = false;
    }
  };
  return {
    info: { ...pathModelInfo, ...options.info },
    calls,
    get runMs() {
      return calls.length;
    },
    get disposed() {
      return disposed;
    },
    activationBytes: (rows, contextTokens) => rows * (100 + contextTokens),
    prefixBytes: (tokenCount) => tokenCount * BYTES_PER_TOKEN,
    startPrefill(tokenIds, wanted, known) {
      const chunk = options.info?.prefillChunkTokens ?? pathModelInfo.prefillChunkTokens;
      // Taken from the other's keys and values, so that a wrong one shows.
      const path = known === undefined ? [] : toTokens(known.prefix).slice(0, known.tokenCount);
      assert(
        path.length % chunk === 0 && path.length < tokenIds.length,
        "whole chunks are known, and not all",
      );
      const start = path.length;
      return {
        get remainingTokens() {
          return tokenIds.length - path.length;
        },
        advance: () =>
          exclusively(() => {
            const fresh = tokenIds.slice(path.length, path.length + chunk);
            calls.push({ prefill: fresh.length });
            path.push(...fresh);
          }),
        get result() {
          assert.equal(path.length, tokenIds.length, "the prompt has run");
          return {
            prefix: toSegment(path),
            output: outputOf(0, path.slice(0, start), path.slice(start), wanted),
          };
        },
      };
    },
    async prefill(tokenIds, wanted) {
      const prefill = this.startPrefill(tokenIds, wanted);
      while (prefill.remainingTokens > 0) await prefill.advance();
      return prefill.result;
    },
    createBatch: () => createBatch(exclusively, calls),
    dispose: () => {
      disposed = true;
      return Promise.resolve();
    },
  };
}

function createBatch(exclusively: <T>(run: () => T) => Promise<T>, calls: PathModel["calls"]): RowBatch {
  const rows = new Map<number, { readonly prefixTokens: number; readonly path: number[] }>();
  let nextRow = 0;
  const ownTokens = (): number[] =>
    [...rows.values()].map(({ prefixTokens, path }) => path.length - prefixTokens);
  const bytesOfSlots = (lengths: readonly number[]): number =>
    lengths.length * BUCKET * Math.ceil(Math.max(0, ...lengths) / BUCKET) * BYTES_PER_TOKEN;
  return {
    get rowCount() {
      return rows.size;
    },
    get byteLength() {
      return bytesOfSlots(ownTokens());
    },
    byteLengthWith: (_prefix, tokenCount) => bytesOfSlots([...ownTokens(), tokenCount]),
    byteLengthAfter: (tokenCount) => bytesOfSlots(ownTokens().map((own) => own + tokenCount)),
    admit(prefix, path) {
      rows.set(nextRow, {
        prefixTokens: prefix.tokenCount,
        path: [prefix, ...path].flatMap((segment) => toTokens(segment)),
      });
      return nextRow++;
    },
    step: (inputs) =>
      exclusively(() => {
        calls.push({ rows: inputs.length });
        return inputs.map(({ row, tokenIds, wanted }: RowInput) => {
          const state = rows.get(row);
          assert(state !== undefined, `row ${row} is not in the batch`);
          const before = [...state.path];
          state.path.push(...tokenIds);
          return outputOf(row, before, tokenIds, wanted);
        });
      }),
    take(row, tokenCount) {
      const state = rows.get(row);
      assert(state !== undefined && tokenCount <= state.path.length - state.prefixTokens);
      return toSegment(state.path.slice(state.path.length - tokenCount));
    },
    release(row) {
      assert(rows.delete(row), `row ${row} is not in the batch`);
    },
  };
}

function outputOf(
  row: number,
  before: readonly number[],
  tokenIds: readonly number[],
  wanted: Wanted,
): RowOutput {
  const paths = tokenIds.map((_, i) => [...before, ...tokenIds.slice(0, i + 1)]);
  const withLogits = wanted.logits === "all" ? paths : wanted.logits === "last" ? paths.slice(-1) : [];
  const observed = wanted.observed === "last" ? paths.slice(-1) : paths;
  const { probes = [] } = wanted;
  return {
    row,
    logits: Float32Array.from(withLogits.flatMap((path) => [...logitsOf(path)])),
    // Whoever has the logits does without.
    summaries:
      wanted.logits === "none" && wanted.summary !== undefined
        ? [referenceSummary(logitsOf(paths.at(-1)!), wanted.summary.temperature, 256)]
        : [],
    probe: Float32Array.from(observed.flatMap((path) => probes.flatMap((probe) => probeOf(path, probe)))),
    hidden: Float32Array.from(wanted.hidden === true ? observed.flatMap((path) => [...hiddenOf(path)]) : []),
  };
}

/** [1 layer, key and value, 1 head, tokens, 1 channel]. */
function toSegment(tokenIds: readonly number[]): KvSegment {
  const data = Float32Array.from([...tokenIds, ...tokenIds]);
  return { tokenCount: tokenIds.length, byteLength: data.byteLength, data };
}

function toTokens(segment: KvSegment): number[] {
  return [...segment.data.subarray(0, segment.tokenCount)];
}

/** Long inputs in several runs: memory for scores stays bounded, and the cuts do not depend on who else is there. */
import { MAX_SUM } from "../graph/attention.js";
import type { Wanted } from "../types.js";
import type { SlotOutput, StepContext, StepRunner } from "./step-runner.js";

/** New tokens of a row in one run; attention sums over them. */
const MAX_CHUNK = MAX_SUM;

/** Tokens of a prompt in one run: what a running row waits for at most. Part of what a prompt's bits depend on. */
export const PREFILL_CHUNK = MAX_CHUNK;

export interface ChunkedInput {
  readonly slot: number;
  /** Its own tokens before. */
  readonly length: number;
  readonly tokenIds: readonly number[];
  readonly wanted: Wanted;
}

/** Runs all tokens of every input. The grid must have room for them. */
export async function runInChunks(
  runner: StepRunner,
  context: StepContext,
  inputs: readonly ChunkedInput[],
): Promise<SlotOutput[]> {
  const pieces: SlotOutput[][] = inputs.map(() => []);
  const longest = Math.max(...inputs.map(({ tokenIds }) => tokenIds.length));
  for (let start = 0; start < longest; start += MAX_CHUNK) {
    const running = [...inputs.keys()].filter((i) => inputs[i]!.tokenIds.length > start);
    const chunks = running.map((i) => cut(inputs[i]!, start));
    const outputs = await runner.run(context, chunks);
    for (const [at, i] of running.entries()) pieces[i]!.push(outputs[at]!);
  }
  return pieces.map(join);
}

function cut({ slot, length, tokenIds, wanted }: ChunkedInput, start: number): ChunkedInput {
  if (start === 0 && tokenIds.length <= MAX_CHUNK) return { slot, length, tokenIds, wanted };
  const end = Math.min(start + MAX_CHUNK, tokenIds.length);
  const early = end < tokenIds.length;
  return {
    slot,
    length: length + start,
    tokenIds: tokenIds.slice(start, end),
    wanted: early ? withoutLast(wanted) : wanted,
  };
}

/** What a chunk that is not the last one has to give. */
export function withoutLast({ logits, summary, probes, hidden, observed }: Wanted): Wanted {
  return {
    logits: logits === "all" ? "all" : "none",
    ...(logits === "all" && summary && { summary }),
    ...(observed !== "last" && { ...(probes && { probes }), ...(hidden !== undefined && { hidden }) }),
  };
}

/** The outputs of consecutive runs of one row as those of one run. */
export function join(pieces: readonly SlotOutput[]): SlotOutput {
  if (pieces.length === 1) return pieces[0]!;
  const concatenate = (arrays: readonly Float32Array[]): Float32Array => {
    const result = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const array of arrays) {
      result.set(array, end);
      end += array.length;
    }
    return result;
  };
  return {
    summaries: pieces.flatMap(({ summaries }) => summaries),
    logits: concatenate(pieces.map(({ logits }) => logits)),
    probe: concatenate(pieces.map(({ probe }) => probe)),
    hidden: concatenate(pieces.map(({ hidden }) => hidden)),
  };
}

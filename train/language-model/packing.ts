/** Packs documents into batches of fixed shape: several documents a row, none cut, none seeing another. */
import type { BatchShape } from "#shared/lm/graph/training.js";
import type { PackedBatch } from "#shared/lm/runtime/training-session.js";

export interface Document {
  readonly tokenIds: readonly number[];
  /** Weight of predicting each token from those before it, same length as `tokenIds`; the first is never predicted. */
  readonly lossWeights: readonly number[];
}

/** An endless, seeded supply: the same index gives the same document, so that training can resume anywhere. */
export type DocumentSource = (index: number) => Document;

export interface Packed {
  readonly batch: PackedBatch;
  /** The first document that did not fit. */
  readonly nextIndex: number;
  /** Tokens that are not padding. */
  readonly tokenCount: number;
}

/**
 * First-fit: each document goes to the first row with room; the batch ends with the first that fits nowhere.
 * `count` bounds the documents (a held-out set); a document longer than a row is an error.
 */
export function packBatch(source: DocumentSource, from: number, shape: BatchShape, count = Infinity): Packed {
  const { batch: rows, time } = shape;
  const batch: PackedBatch = {
    tokenIds: new BigInt64Array(rows * time),
    targets: new BigInt64Array(rows * time),
    lossWeights: new Float32Array(rows * time),
    positions: new BigInt64Array(rows * time),
    // Padding is a document of its own (0), so that it attends to something and stays finite.
    segments: new BigInt64Array(rows * time),
  };
  const used = Array.from({ length: rows }, () => 0);
  let index = from;
  let tokenCount = 0;
  for (; index < from + count; index++) {
    const document = source(index);
    const length = document.tokenIds.length;
    if (length > time)
      throw new Error(`a document must fit a row of ${time} tokens, document ${index} has ${length}`);
    const row = used.findIndex((filled) => filled + length <= time);
    if (row < 0) break;
    place(batch, row * time + used[row]!, document, BigInt(index - from + 1));
    used[row]! += length;
    tokenCount += length;
  }
  return { batch, nextIndex: index, tokenCount };
}

/** Writes a document at a flat position; its last token predicts nothing. */
function place(batch: PackedBatch, at: number, { tokenIds, lossWeights }: Document, segment: bigint): void {
  for (let i = 0; i < tokenIds.length; i++) {
    batch.tokenIds[at + i] = BigInt(tokenIds[i]!);
    batch.positions[at + i] = BigInt(i);
    batch.segments[at + i] = segment;
    if (i + 1 === tokenIds.length) continue;
    batch.targets[at + i] = BigInt(tokenIds[i + 1]!);
    batch.lossWeights[at + i] = lossWeights[i + 1]!;
  }
}

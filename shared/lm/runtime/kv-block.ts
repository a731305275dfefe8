/** Keys and values in plain arrays that this thread owns; ONNX Runtime reads them in place. */
import type { KvSegment } from "../types.js";

/**
 * Lengths of prefixes and suffixes in the graph are positive multiples of this: see graph/attention.ts. Never zero,
 * because ONNX Runtime multiplies what happens to be in the result of an empty product by zero, and that may be NaN.
 */
export const KV_BUCKET = 64;

export const roundUpToBucket = (tokens: number): number =>
  Math.max(1, Math.ceil(tokens / KV_BUCKET)) * KV_BUCKET;

/** What a token's keys and values look like. */
export interface KvShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Runs of tokens in a segment: one for keys and one for values of each head of each layer. */
export const planeCount = (shape: KvShape): number => shape.layers * 2 * shape.kvHeads;

export const kvBytesPerToken = (shape: KvShape): number => planeCount(shape) * shape.headDim * 4;

/** A segment whose planes may be padded with zeros behind its tokens. */
export class KvBlock implements KvSegment {
  readonly tokenCount: number;
  /** Tokens that a plane has room for. */
  readonly capacity: number;
  /** [layers, 2, kvHeads, capacity, headDim] */
  readonly storage: Float32Array;
  readonly #shape: KvShape;
  #compact: Float32Array | undefined;

  constructor(shape: KvShape, tokenCount: number, capacity: number, storage: Float32Array) {
    this.#shape = shape;
    this.tokenCount = tokenCount;
    this.capacity = capacity;
    this.storage = storage;
  }

  get byteLength(): number {
    return this.storage.byteLength;
  }

  get data(): Float32Array {
    if (this.capacity === this.tokenCount) return this.storage;
    this.#compact ??= restride(this.#shape, this.storage, this.capacity, this.tokenCount, this.tokenCount);
    return this.#compact;
  }
}

/** The first `tokens` of each plane, in planes with room for `capacity`. */
function restride(
  shape: KvShape,
  data: Float32Array,
  stride: number,
  tokens: number,
  capacity: number,
): Float32Array {
  const result = new Float32Array(planeCount(shape) * capacity * shape.headDim);
  copyTokens(shape, { storage: data, capacity: stride }, { storage: result, capacity }, tokens);
  return result;
}

/** Planes of keys and values, one behind the other, with room for `capacity` tokens each. */
interface Planes {
  readonly storage: Float32Array;
  readonly capacity: number;
}

/** Copies the first `tokens` of each plane. */
export function copyTokens(
  { layers, kvHeads, headDim }: KvShape,
  from: Planes,
  to: Planes,
  tokens: number,
): void {
  for (let plane = 0; plane < 2 * layers * kvHeads; plane++) {
    const start = plane * from.capacity * headDim;
    to.storage.set(from.storage.subarray(start, start + tokens * headDim), plane * to.capacity * headDim);
  }
}

const padded = new WeakMap<KvSegment, KvBlock>();

/** The segment with planes of whole buckets; made once per segment, and free for those that prefill returns. */
export function padToBucket(shape: KvShape, segment: KvSegment): KvBlock {
  if (segment instanceof KvBlock && segment.capacity > 0 && segment.capacity % KV_BUCKET === 0)
    return segment;
  const known = padded.get(segment);
  if (known !== undefined) return known;
  const { tokenCount, data } = segment;
  const capacity = roundUpToBucket(tokenCount);
  const block = new KvBlock(
    shape,
    tokenCount,
    capacity,
    restride(shape, data, tokenCount, tokenCount, capacity),
  );
  padded.set(segment, block);
  return block;
}

/** The last `tokenCount` tokens of consecutive segments, which have at least that many. */
export function lastTokens(shape: KvShape, path: readonly KvSegment[], tokenCount: number): KvBlock {
  const { headDim } = shape;
  const storage = new Float32Array(planeCount(shape) * tokenCount * headDim);
  let end = tokenCount;
  for (const segment of path.toReversed()) {
    const count = Math.min(segment.tokenCount, end);
    for (let plane = 0; plane < planeCount(shape); plane++) {
      const stop = (plane + 1) * segment.tokenCount * headDim;
      const part = segment.data.subarray(stop - count * headDim, stop);
      storage.set(part, (plane * tokenCount + end - count) * headDim);
    }
    end -= count;
  }
  return new KvBlock(shape, tokenCount, tokenCount, storage);
}

/** The prefix of rows that have none. */
export function emptyPrefix(shape: KvShape): KvBlock {
  const capacity = KV_BUCKET;
  return new KvBlock(shape, 0, capacity, new Float32Array(planeCount(shape) * capacity * shape.headDim));
}

/**
 * The rows' own keys and values, in the layout that the graph reads:
 * [layers, 2, groups, kvHeads, rows, capacity, headDim]. Slot = group * rows + row. Behind a row's tokens are zeros, or
 * the finite values of a row that was there before it was cleared; both are masked.
 */
import type { KvSegment } from "../types.js";
import type { GridLayout } from "./grid-layout.js";
import { KV_BUCKET, KvBlock, type KvShape, planeCount } from "./kv-block.js";
import { floatTensor, type Tensor } from "./session.js";

const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

export class SuffixGrid {
  readonly layout: GridLayout;
  /** Tokens that a slot has room for. */
  readonly capacity: number;
  readonly storage: Float32Array;
  readonly #shape: KvShape;
  #tensors: readonly Tensor[] | undefined;
  #blank: readonly Tensor[] | undefined;

  constructor(shape: KvShape, layout: GridLayout, capacity: number) {
    this.#shape = shape;
    this.layout = layout;
    this.capacity = capacity;
    this.storage = new Float32Array(
      planeCount(shape) * layout.groups * layout.rows * capacity * shape.headDim,
    );
  }

  /** Keys and values of each layer: [groups, kvHeads, rows, capacity, headDim], layer 0 keys first. */
  get tensors(): readonly Tensor[] {
    if (this.#tensors === undefined) {
      const dims = this.#dims(this.capacity);
      const length = sizeOf(dims);
      this.#tensors = Array.from({ length: 2 * this.#shape.layers }, (_, i) =>
        floatTensor(this.storage.subarray(i * length, (i + 1) * length), dims),
      );
    }
    return this.#tensors;
  }

  /** The same for steps before any row has a token: one bucket of zeros, shared by all layers. */
  get blankTensors(): readonly Tensor[] {
    if (this.capacity === KV_BUCKET) return this.tensors;
    if (this.#blank === undefined) {
      const dims = this.#dims(KV_BUCKET);
      const zeros = floatTensor(new Float32Array(sizeOf(dims)), dims);
      this.#blank = Array.from({ length: 2 * this.#shape.layers }, () => zeros);
    }
    return this.#blank;
  }

  #dims(capacity: number): number[] {
    const { groups, rows } = this.layout;
    return [groups, this.#shape.kvHeads, rows, capacity, this.#shape.headDim];
  }

  /** The number of a slot's plane in storage order, given the segment's plane (layer, key or value, head). */
  #plane(slot: number, plane: number): number {
    const { groups, rows } = this.layout;
    const { kvHeads } = this.#shape;
    const group = Math.floor(slot / rows);
    const part = Math.floor(plane / kvHeads);
    return ((part * groups + group) * kvHeads + (plane % kvHeads)) * rows + (slot % rows);
  }

  #offset(slot: number, plane: number, token: number): number {
    return (this.#plane(slot, plane) * this.capacity + token) * this.#shape.headDim;
  }

  clear(slot: number): void {
    const length = this.capacity * this.#shape.headDim;
    for (let plane = 0; plane < planeCount(this.#shape); plane++) {
      const start = this.#offset(slot, plane, 0);
      this.storage.fill(0, start, start + length);
    }
  }

  /** Copies a whole segment to the tokens from `at` on. */
  write(slot: number, at: number, segment: KvSegment): void {
    const length = segment.tokenCount * this.#shape.headDim;
    const { data } = segment;
    for (let plane = 0; plane < planeCount(this.#shape); plane++) {
      const part = data.subarray(plane * length, (plane + 1) * length);
      this.storage.set(part, this.#offset(slot, plane, at));
    }
  }

  /**
   * Copies the first `count` of the `stride` tokens that a step computed for the slot, from the graph's output `new_kv`
   * [2 layers, groups, kvHeads, rows, stride, headDim], to the tokens from `at` on.
   */
  append(slot: number, at: number, fresh: Float32Array, stride: number, count: number): void {
    const { headDim } = this.#shape;
    const { storage, capacity } = this;
    const length = count * headDim;
    for (let plane = 0; plane < planeCount(this.#shape); plane++) {
      const index = this.#plane(slot, plane);
      const from = index * stride * headDim;
      const to = (index * capacity + at) * headDim;
      // For a single token a loop is quicker than making a view of it.
      if (count === 1) for (let i = 0; i < length; i++) storage[to + i] = fresh[from + i]!;
      else storage.set(fresh.subarray(from, from + length), to);
    }
  }

  /** A copy of the tokens [from, from + count) of a slot. */
  read(slot: number, from: number, count: number): KvBlock {
    const planes = planeCount(this.#shape);
    const length = count * this.#shape.headDim;
    const data = new Float32Array(planes * length);
    for (let plane = 0; plane < planes; plane++) {
      const start = this.#offset(slot, plane, from);
      data.set(this.storage.subarray(start, start + length), plane * length);
    }
    return new KvBlock(this.#shape, count, count, data);
  }

  /** Copies the first `count` tokens of a slot of another grid to a slot of this one. */
  copyFrom(other: SuffixGrid, from: number, to: number, count: number): void {
    const length = count * this.#shape.headDim;
    for (let plane = 0; plane < planeCount(this.#shape); plane++) {
      const start = other.#offset(from, plane, 0);
      this.storage.set(other.storage.subarray(start, start + length), this.#offset(to, plane, 0));
    }
  }
}

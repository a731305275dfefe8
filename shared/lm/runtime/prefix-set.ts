/**
 * The prefixes of a step's groups as the graph reads them, [groups, kvHeads, P, headDim] for each layer's keys and
 * values. One group reads its prompt's own arrays; several are copied side by side, each once while it stays.
 */
import { type KvBlock, type KvShape, planeCount } from "./kv-block.js";
import { floatTensor, type Tensor } from "./session.js";

const single = new WeakMap<KvBlock, readonly Tensor[]>();

function toTensors(shape: KvShape, storage: Float32Array, groups: number, capacity: number): Tensor[] {
  const { layers, kvHeads, headDim } = shape;
  const length = groups * kvHeads * capacity * headDim;
  return Array.from({ length: 2 * layers }, (_, i) =>
    floatTensor(storage.subarray(i * length, (i + 1) * length), [groups, kvHeads, capacity, headDim]),
  );
}

export class PrefixSet {
  readonly #shape: KvShape;
  /** What each group's part of the shared storage holds. */
  #held: (KvBlock | undefined)[] = [];
  #storage = new Float32Array(0);
  #capacity = 0;
  #tensors: readonly Tensor[] = [];

  constructor(shape: KvShape) {
    this.#shape = shape;
  }

  /** The tensors for these groups, at least one, and their P. Padded blocks only. */
  select(groups: readonly KvBlock[]): { tensors: readonly Tensor[]; capacity: number } {
    if (groups.length === 1) return this.#selectOne(groups[0]!);
    const capacity = Math.max(...groups.map((block) => block.capacity));
    if (groups.length !== this.#held.length || capacity !== this.#capacity)
      this.#resize(groups.length, capacity);
    for (const [group, block] of groups.entries()) {
      if (this.#held[group] !== block) this.#copy(group, block);
    }
    return { tensors: this.#tensors, capacity };
  }

  #selectOne(block: KvBlock): { tensors: readonly Tensor[]; capacity: number } {
    if (this.#held.length > 0) this.#resize(0, 0);
    const known = single.get(block) ?? toTensors(this.#shape, block.storage, 1, block.capacity);
    single.set(block, known);
    return { tensors: known, capacity: block.capacity };
  }

  #resize(groups: number, capacity: number): void {
    const { headDim } = this.#shape;
    this.#held = Array.from({ length: groups }, () => undefined);
    this.#capacity = capacity;
    this.#storage = new Float32Array(planeCount(this.#shape) * groups * capacity * headDim);
    this.#tensors = toTensors(this.#shape, this.#storage, groups, capacity);
  }

  #copy(group: number, block: KvBlock): void {
    const { kvHeads, headDim } = this.#shape;
    const groups = this.#held.length;
    const room = this.#capacity * headDim;
    const length = block.capacity * headDim;
    for (let plane = 0; plane < planeCount(this.#shape); plane++) {
      const part = Math.floor(plane / kvHeads);
      const target = ((part * groups + group) * kvHeads + (plane % kvHeads)) * room;
      this.#storage.set(block.storage.subarray(plane * length, (plane + 1) * length), target);
      this.#storage.fill(0, target + length, target + room);
    }
    this.#held[group] = block;
  }
}

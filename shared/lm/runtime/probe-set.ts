/**
 * The distinct probes of one input in a step, packed for the graph in blocks of PROBE_WIDTH outputs. Rows of different
 * sessions may bring different probes; a probe is known by the identity of its weights.
 */
import { PROBE_WIDTH } from "../graph/outputs.js";
import type { LinearProbe } from "../types.js";
import { floatTensor, type Tensor } from "./session.js";

export class ProbeSet {
  readonly #width: number;
  /** The weights packed last, in order; steps of one round ask for the same. */
  #packed: readonly Float32Array[] = [];
  #tensor: Tensor;

  /** @param width numbers that a probe reads of a token */
  constructor(width: number) {
    this.#width = width;
    this.#tensor = this.#pack([]);
  }

  /** The tensor [blocks, PROBE_WIDTH, width] and the first block of each probe. Probes may repeat. */
  select(probes: readonly LinearProbe[]): {
    tensor: Tensor;
    firstBlock: ReadonlyMap<Float32Array, number>;
  } {
    const distinct = new Map(probes.map((probe) => [probe.weights, probe]));
    const weights = [...distinct.keys()];
    const same = weights.length === this.#packed.length && weights.every((w, i) => w === this.#packed[i]);
    if (!same && weights.length > 0) {
      this.#tensor = this.#pack([...distinct.values()]);
      this.#packed = weights;
    }
    const firstBlock = new Map<Float32Array, number>();
    let block = 0;
    for (const probe of distinct.values()) {
      firstBlock.set(probe.weights, block);
      block += blocksOf(probe);
    }
    return { tensor: this.#tensor, firstBlock };
  }

  /** Without any probe there is one block of zeros: the graph refuses an empty product. */
  #pack(probes: readonly LinearProbe[]): Tensor {
    const width = this.#width;
    const blocks = Math.max(
      1,
      probes.reduce((sum, probe) => sum + blocksOf(probe), 0),
    );
    const data = new Float32Array(blocks * PROBE_WIDTH * width);
    let row = 0;
    for (const probe of probes) {
      // Doubled, because the graph halves the product.
      for (let i = 0; i < probe.weights.length; i++) data[row * width + i] = 2 * probe.weights[i]!;
      row += blocksOf(probe) * PROBE_WIDTH;
    }
    return floatTensor(data, [blocks, PROBE_WIDTH, width]);
  }
}

export const blocksOf = (probe: LinearProbe): number => Math.ceil(probe.outputs / PROBE_WIDTH);

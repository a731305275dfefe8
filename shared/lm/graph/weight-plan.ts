/**
 * Where every weight of a graph lies in the one file of external data beside it, and how its bytes are made from a
 * checkpoint. The graph knows places and shapes only, so it is written without reading a weight.
 */
import type { TensorSource } from "../checkpoint/safetensors.js";
import type { GraphBuilder, Value } from "./builder.js";
import type { DataType } from "./onnx.js";

/** Pages are mapped at this granularity. */
const ALIGNMENT = 4096;
const ELEMENT_BYTES: Readonly<Partial<Record<DataType, number>>> = { float32: 4, int8: 1, uint8: 1 };

export interface PlannedTensor {
  readonly name: string;
  readonly dataType: "float32" | "int8" | "uint8";
  readonly dims: readonly number[];
}

/** Tensors that are made together: a quantised matrix and its scales. */
export interface PlannedWeights {
  /** Half-open byte ranges of the file, in the order of what `make` returns. */
  readonly ranges: readonly { readonly offset: number; readonly byteLength: number }[];
  make(source: TensorSource, signal?: AbortSignal): Promise<readonly ArrayBufferView[]>;
}

export class WeightPlan {
  readonly #graph: GraphBuilder;
  readonly #file: string;
  readonly #weights: PlannedWeights[] = [];
  #end = 0;

  /** `file` is the name of the data file, in the directory of the .onnx file. */
  constructor(graph: GraphBuilder, file: string) {
    this.#graph = graph;
    this.#file = file;
  }

  get weights(): readonly PlannedWeights[] {
    return this.#weights;
  }

  /** Bytes of the data file. */
  get byteLength(): number {
    return this.#end;
  }

  /** Adds tensors to the graph; `make` gives their data when the file is written. */
  add(tensors: readonly PlannedTensor[], make: PlannedWeights["make"]): Value[] {
    const ranges = tensors.map(({ dataType, dims }) => {
      const offset = Math.ceil(this.#end / ALIGNMENT) * ALIGNMENT;
      const byteLength = dims.reduce((product, dim) => product * dim, ELEMENT_BYTES[dataType]!);
      this.#end = offset + byteLength;
      return { offset, byteLength };
    });
    this.#weights.push({ ranges, make });
    return tensors.map(({ name, dataType, dims }, i) =>
      this.#graph.initializer(name, dataType, dims, { file: this.#file, ...ranges[i]! }),
    );
  }
}

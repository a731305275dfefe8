/**
 * Writes an ONNX graph node by node. Knows operators and names, not networks: the decoder and the training graph are
 * built on it. Opset 21 and com.microsoft 1.
 */
import {
  type Attribute,
  type DataType,
  encodeModel,
  type InitializerRecord,
  type NodeRecord,
} from "./onnx.js";
import type { TensorData, ValueRecord } from "./onnx.js";

/** The name of a tensor in the graph. */
export type Value = string & { readonly __value: true };

/** Operators that live in ONNX Runtime's own domain. */
const MICROSOFT = new Set([
  "FusedMatMul",
  "RotaryEmbedding",
  "MatMulNBits",
  "MatMulIntegerToFloat",
  "SkipSimplifiedLayerNormalization",
  "QuickGelu",
  "GroupQueryAttention",
]);

export class GraphBuilder {
  readonly #name: string;
  /** Where the next node goes: the graph, or the branch that is being written. */
  #nodes: NodeRecord[] = [];
  readonly #initializers: InitializerRecord[] = [];
  readonly #inputs: ValueRecord[] = [];
  readonly #outputs: ValueRecord[] = [];
  readonly #constants = new Map<string, Value>();
  #counter = 0;
  #branchNodes = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Those of branches included. */
  get nodeCount(): number {
    return this.#nodes.length + this.#branchNodes;
  }

  /** A graph input; string dimensions are known only at run time. */
  input(name: string, dataType: DataType, dims: readonly (number | string)[]): Value {
    this.#inputs.push({ name, dataType, dims });
    return name as Value;
  }

  /** Publishes a value under a name of its own. */
  output(name: string, value: Value, dataType: DataType, dims: readonly (number | string)[]): void {
    this.#nodes.push({ type: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
    this.#outputs.push({ name, dataType, dims });
  }

  /** A weight, inside the model or in a file beside it. */
  initializer(name: string, dataType: DataType, dims: readonly number[], data: TensorData): Value {
    this.#initializers.push({ name, dataType, dims, data });
    return name as Value;
  }

  /** A node with one output. `null` leaves an optional input out. */
  op(
    type: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.ops(type, inputs, 1, attributes)[0]!;
  }

  /** A node with several outputs. */
  ops(
    type: string,
    inputs: readonly (Value | null)[],
    outputCount: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const outputs = Array.from({ length: outputCount }, () => `${type}_${this.#counter++}` as Value);
    const domain = MICROSOFT.has(type) ? "com.microsoft" : "";
    this.#nodes.push({ type, domain, inputs: inputs.map((value) => value ?? ""), outputs, attributes });
    return outputs;
  }

  /** One float32 value, made by whichever branch the bool `condition` chooses at run time; the other one does not run. */
  choose(condition: Value, yes: () => Value, no: () => Value): Value {
    const outer = this.#nodes;
    const branch = (write: () => Value): Attribute => {
      this.#nodes = [];
      const name = write();
      const nodes = this.#nodes;
      this.#nodes = outer;
      this.#branchNodes += nodes.length;
      return { subgraph: { nodes, outputs: [{ name, dataType: "float32" }] } };
    };
    return this.op("If", [condition], { then_branch: branch(yes), else_branch: branch(no) });
  }

  /** A float32 constant: a scalar, or a vector when given an array. Equal constants are stored once. */
  float(value: number | readonly number[]): Value {
    const values = typeof value === "number" ? [value] : value;
    const dims = typeof value === "number" ? [] : [values.length];
    return this.#constant("float32", values, dims, new Float32Array(values));
  }

  /** A float32 constant of any shape. */
  matrix(values: readonly number[], dims: readonly number[]): Value {
    return this.#constant("float32", values, dims, new Float32Array(values));
  }

  /** An int64 constant: a scalar, or a vector when given an array. */
  int(value: number | readonly number[]): Value {
    const values = typeof value === "number" ? [value] : value;
    const dims = typeof value === "number" ? [] : [values.length];
    return this.#constant("int64", values, dims, BigInt64Array.from(values.map(BigInt)));
  }

  /** A uint8 scalar: a zero point. */
  byte(value: number): Value {
    return this.#constant("uint8", [value], [], Uint8Array.of(value));
  }

  #constant(
    dataType: DataType,
    values: readonly number[],
    dims: readonly number[],
    data: ArrayBufferView,
  ): Value {
    const key = `${dataType}:${dims.join("x")}:${values.join(",")}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const value = this.initializer(`const_${this.#constants.size}`, dataType, dims, { raw });
    this.#constants.set(key, value);
    return value;
  }

  /** Reshape to a fixed shape; 0 means zero (allowzero), -1 is inferred. */
  reshape(value: Value, shape: readonly number[]): Value {
    return this.op("Reshape", [value, this.int(shape)], { allowzero: 1 });
  }

  transpose(value: Value, permutation: readonly number[]): Value {
    return this.op("Transpose", [value], { perm: permutation });
  }

  /** The model as bytes of an .onnx file. */
  build(): Uint8Array {
    return encodeModel({
      name: this.#name,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }
}

/**
 * The part of the ONNX schema (onnx.proto, IR 10) that our graphs use, as plain records, and their protobuf encoding.
 * Weights are external data: protobuf itself ends at 2 GiB and would be copied.
 */
import protobuf from "protobufjs/minimal.js";

export type DataType = "float32" | "uint8" | "int8" | "int32" | "int64" | "bool" | "float16";

/** TensorProto.DataType */
const DATA_TYPE: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly subgraph: SubgraphRecord };

/** A branch of an If: it may read every value around it. */
export interface SubgraphRecord {
  readonly nodes: readonly NodeRecord[];
  readonly outputs: readonly { readonly name: string; readonly dataType: DataType }[];
}

export interface NodeRecord {
  readonly type: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Where an initializer's bytes are: in the model itself, or a range of a file beside it. */
export type TensorData =
  | { readonly raw: Uint8Array }
  | { readonly file: string; readonly offset: number; readonly byteLength: number };

export interface InitializerRecord {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A graph input or output; a string is a dimension known only at run time. */
export interface ValueRecord {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly (number | string)[];
}

export interface GraphRecord {
  readonly name: string;
  readonly nodes: readonly NodeRecord[];
  readonly initializers: readonly InitializerRecord[];
  readonly inputs: readonly ValueRecord[];
  readonly outputs: readonly ValueRecord[];
}

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

/** Writes a nested message: field number, then the body with its length in front. */
function message(writer: protobuf.Writer, field: number, body: (writer: protobuf.Writer) => void): void {
  writer.uint32(tag(field, BYTES)).fork();
  body(writer);
  writer.ldelim();
}

const text = (writer: protobuf.Writer, field: number, value: string): void => {
  writer.uint32(tag(field, BYTES)).string(value);
};
const integer = (writer: protobuf.Writer, field: number, value: number): void => {
  writer.uint32(tag(field, VARINT)).int64(value);
};

/** AttributeProto: name 1, f 2, i 3, s 4, g 6, ints 8, type 20 (FLOAT 1, INT 2, STRING 3, GRAPH 5, INTS 7). */
function writeAttribute(writer: protobuf.Writer, name: string, value: Attribute): void {
  text(writer, 1, name);
  if (typeof value === "number") {
    integer(writer, 3, value);
    integer(writer, 20, 2);
  } else if (typeof value === "string") {
    text(writer, 4, value);
    integer(writer, 20, 3);
  } else if ("float" in value) {
    writer.uint32(tag(2, FIXED32)).float(value.float);
    integer(writer, 20, 1);
  } else if ("subgraph" in value) {
    message(writer, 6, (w) => writeSubgraph(w, name, value.subgraph));
    integer(writer, 20, 5);
  } else {
    for (const item of value) integer(writer, 8, item);
    integer(writer, 20, 7);
  }
}

/** NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7. */
function writeNode(writer: protobuf.Writer, node: NodeRecord): void {
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 4, node.type);
  for (const [name, value] of Object.entries(node.attributes))
    message(writer, 5, (w) => writeAttribute(w, name, value));
  if (node.domain !== "") text(writer, 7, node.domain);
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9, external_data 13 (key 1, value 2), data_location 14. */
function writeInitializer(writer: protobuf.Writer, tensor: InitializerRecord): void {
  for (const dim of tensor.dims) integer(writer, 1, dim);
  integer(writer, 2, DATA_TYPE[tensor.dataType]);
  text(writer, 8, tensor.name);
  const { data } = tensor;
  if ("raw" in data) {
    writer.uint32(tag(9, BYTES)).bytes(data.raw);
    return;
  }
  const entries = { location: data.file, offset: String(data.offset), length: String(data.byteLength) };
  for (const [key, value] of Object.entries(entries)) {
    message(writer, 13, (w) => {
      text(w, 1, key);
      text(w, 2, value);
    });
  }
  integer(writer, 14, 1);
}

/** ValueInfoProto: name 1, type 2 > tensor_type 1 > (elem_type 1, shape 2 > dim 1 > (dim_value 1 | dim_param 2)). */
function writeValue(writer: protobuf.Writer, value: ValueRecord): void {
  text(writer, 1, value.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      integer(tensor, 1, DATA_TYPE[value.dataType]);
      message(tensor, 2, (shape) => {
        for (const dim of value.dims) {
          message(shape, 1, (w) => (typeof dim === "number" ? integer(w, 1, dim) : text(w, 2, dim)));
        }
      });
    }),
  );
}

/** GraphProto: node 1, name 2, initializer 5, input 11, output 12. */
function writeGraph(writer: protobuf.Writer, graph: GraphRecord): void {
  for (const node of graph.nodes) message(writer, 1, (w) => writeNode(w, node));
  text(writer, 2, graph.name);
  for (const tensor of graph.initializers) message(writer, 5, (w) => writeInitializer(w, tensor));
  for (const value of graph.inputs) message(writer, 11, (w) => writeValue(w, value));
  for (const value of graph.outputs) message(writer, 12, (w) => writeValue(w, value));
}

/** The same without inputs and weights, and with outputs whose shapes ONNX Runtime infers. */
function writeSubgraph(writer: protobuf.Writer, name: string, { nodes, outputs }: SubgraphRecord): void {
  for (const node of nodes) message(writer, 1, (w) => writeNode(w, node));
  text(writer, 2, name);
  for (const output of outputs) {
    message(writer, 12, (w) => {
      text(w, 1, output.name);
      message(w, 2, (type) => message(type, 1, (tensor) => integer(tensor, 1, DATA_TYPE[output.dataType])));
    });
  }
}

/** ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8 (domain 1, version 2). */
export function encodeModel(graph: GraphRecord): Uint8Array {
  const writer = protobuf.Writer.create();
  integer(writer, 1, 10);
  text(writer, 2, "deliberate");
  message(writer, 7, (w) => writeGraph(w, graph));
  for (const [domain, version] of [
    ["", 21],
    ["com.microsoft", 1],
  ] as const) {
    message(writer, 8, (w) => {
      text(w, 1, domain);
      integer(w, 2, version);
    });
  }
  return writer.finish();
}

/**
 * y = x Wᵀ + b in the three precisions. Several projections of one input are one product: W is stacked from row ranges
 * of the checkpoint's matrices. Activations are rounded row by row (int8, int4), never over the whole batch, so what a
 * row becomes does not depend on who shares its batch.
 */
import type { TensorSource } from "../checkpoint/safetensors.js";
import type { Precision } from "../types.js";
import type { GraphBuilder, Value } from "./builder.js";
import { INT4_BLOCK, quantizeInt4, quantizeInt8 } from "./quantize.js";
import { rotate, rotateRows } from "./rotation.js";
import type { WeightPlan } from "./weight-plan.js";

/** Rows [from, from + rows) of `name`.weight [out, in], and of `name`.bias. */
export interface RowRange {
  readonly name: string;
  readonly from: number;
  readonly rows: number;
}

export interface LinearMap {
  /** Of the initializers. */
  readonly name: string;
  /** Stacked in this order. */
  readonly parts: readonly RowRange[];
  readonly inputWidth: number;
  readonly bias: boolean;
  /** Multiplies W, not the bias; a power of two. */
  readonly scale?: number;
  /**
   * Keeps 8 bits where others have 4: the head, whose errors go straight into the logits, and the way out of the
   * feed-forward, which alone made a third of what int4 cost. Its 8-bit product is also the faster one for several rows.
   */
  readonly sensitive?: boolean;
}

const outputWidth = (map: LinearMap): number => map.parts.reduce((sum, { rows }) => sum + rows, 0);

/** W [out, in] of a map. */
async function readMatrix(map: LinearMap, source: TensorSource, signal?: AbortSignal): Promise<Float32Array> {
  const stacked = await readStacked(map.parts, ".weight", map.inputWidth, source, signal);
  const scale = map.scale ?? 1;
  if (scale !== 1) for (let i = 0; i < stacked.length; i++) stacked[i]! *= scale;
  return stacked;
}

async function readStacked(
  parts: readonly RowRange[],
  suffix: ".weight" | ".bias",
  width: number,
  source: TensorSource,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const tensors = new Map<string, Float32Array>();
  for (const { name } of parts)
    if (!tensors.has(name)) tensors.set(name, await source.read(name + suffix, signal));
  const stacked = new Float32Array(parts.reduce((sum, { rows }) => sum + rows * width, 0));
  let end = 0;
  for (const { name, from, rows } of parts) {
    stacked.set(tensors.get(name)!.subarray(from * width, (from + rows) * width), end);
    end += rows * width;
  }
  return stacked;
}

/** Emits the map for x [rows, in], at least one row; gives [rows, out]. */
export function linear(
  graph: GraphBuilder,
  plan: WeightPlan,
  precision: Precision,
  x: Value,
  map: LinearMap,
): Value {
  const bias = map.bias ? addBias(plan, map) : undefined;
  if (precision === "int8" || (precision === "int4" && map.sensitive === true)) {
    const y = linearInt8(graph, plan, x, map);
    return bias === undefined ? y : graph.op("Add", [y, bias]);
  }
  if (precision === "int4") return linearInt4(graph, plan, x, map, bias);
  return linearFloat(graph, plan, x, map, bias);
}

function addBias(plan: WeightPlan, map: LinearMap): Value {
  const tensor = { name: `${map.name}.bias`, dataType: "float32", dims: [outputWidth(map)] } as const;
  const make = async (source: TensorSource, signal?: AbortSignal): Promise<ArrayBufferView[]> => [
    await readStacked(map.parts, ".bias", 1, source, signal),
  ];
  return plan.add([tensor], make)[0]!;
}

function linearFloat(graph: GraphBuilder, plan: WeightPlan, x: Value, map: LinearMap, bias?: Value): Value {
  const tensor = { name: map.name, dataType: "float32", dims: [outputWidth(map), map.inputWidth] } as const;
  const [weight] = plan.add([tensor], async (source, signal) => [await readMatrix(map, source, signal)]);
  return multiplyTransposed(graph, x, weight!, bias);
}

/** x Wᵀ + b for W [out, in] as it lies in a checkpoint. */
export function multiplyTransposed(graph: GraphBuilder, x: Value, weight: Value, bias?: Value): Value {
  return graph.op("Gemm", bias === undefined ? [x, weight] : [x, weight, bias], { transB: 1 });
}

/**
 * After a rotation each row of x is divided by its largest magnitude and rounded to 8 bits; the integer product is exact
 * and scaled back by that magnitude and the weights' scale per output. A row of zeros stays one: whatever its quotients
 * are rounded to, the result is multiplied by 0.
 */
function linearInt8(graph: GraphBuilder, plan: WeightPlan, x: Value, map: LinearMap): Value {
  const width = outputWidth(map);
  const [weight, scales] = plan.add(
    [
      { name: map.name, dataType: "int8", dims: [map.inputWidth, width] },
      { name: `${map.name}.scales`, dataType: "float32", dims: [width] },
    ],
    async (source, signal) => {
      const rotated = await readMatrix(map, source, signal);
      rotateRows(rotated, map.inputWidth);
      const matrix = quantizeInt8(rotated, width, map.inputWidth);
      return [matrix.values, matrix.scales];
    },
  );
  const spread = rotate(graph, x, map.inputWidth);
  const magnitude = graph.op("ReduceMax", [graph.op("Abs", [spread]), graph.int([-1])], { keepdims: 1 });
  const scale = graph.float(1 / 127);
  const zero = graph.byte(128);
  const rounded = graph.op("QuantizeLinear", [graph.op("Div", [spread, magnitude]), scale, zero]);
  const product = graph.op("MatMulIntegerToFloat", [rounded, weight!, scale, scales!, zero]);
  return graph.op("Mul", [product, magnitude]);
}

/** 4-bit weights times activations rounded to 8 bits per block of a row (`accuracy_level` 4). */
function linearInt4(graph: GraphBuilder, plan: WeightPlan, x: Value, map: LinearMap, bias?: Value): Value {
  const width = outputWidth(map);
  const blocks = Math.ceil(map.inputWidth / INT4_BLOCK);
  const [weight, scales] = plan.add(
    [
      { name: map.name, dataType: "uint8", dims: [width, blocks, INT4_BLOCK / 2] },
      { name: `${map.name}.scales`, dataType: "float32", dims: [width * blocks] },
    ],
    async (source, signal) => {
      const matrix = quantizeInt4(await readMatrix(map, source, signal), width, map.inputWidth);
      return [matrix.values, matrix.scales];
    },
  );
  const inputs = [x, weight!, scales!];
  return graph.op("MatMulNBits", bias === undefined ? inputs : [...inputs, null, null, bias], {
    K: map.inputWidth,
    N: width,
    bits: 4,
    block_size: INT4_BLOCK,
    accuracy_level: 4,
  });
}

/**
 * The training step as one ONNX graph: forward pass of the decoder, cross-entropy, backward pass, gradient clipping and
 * AdamW. All parameters live in one flat vector, so that the optimizer is a handful of elementwise operators and the
 * caller passes three arrays in and gets three back. Static shapes: `batch` rows of `time` tokens, packed with documents
 * that do not see each other (segments) and whose positions start at 0.
 */
import { ServiceError } from "#shared/errors.js";
import type { ModelConfig } from "../checkpoint/config.js";
import { expectedTensors } from "../checkpoint/tensors.js";
import { sizeOf, Tape, type Tensor } from "./autodiff.js";
import { GraphBuilder, type Value } from "./builder.js";
import { rotaryTables } from "./rotary-tables.js";

/** A parameter's place in the flat vector, half-open [offset, offset + length). */
export interface ParameterSlice {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Every parameter of a model under its Hugging Face name, in the order of the flat vector. */
export function parameterLayout(config: ModelConfig): ParameterSlice[] {
  let offset = 0;
  return expectedTensors(config).map(({ name, shape }) => {
    const length = sizeOf(shape);
    const slice = { name, shape, offset, length };
    offset += length;
    return slice;
  });
}

export interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

/** Decoupled weight decay after Loshchilov & Hutter 2019; defaults of the GPT-3 line, not of torch. */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The global gradient norm above which gradients are scaled down to it. */
  readonly clipNorm: number;
}

interface Forward {
  readonly tape: Tape;
  readonly parameters: readonly Tensor[];
  readonly logits: Tensor;
  readonly loss: Tensor;
}

/** The model's parameters by name, and the linear maps they make. */
interface Weights {
  named(name: string): Tensor;
  /** x Wᵀ, plus the bias where the checkpoint has one. */
  linear(x: Tensor, name: string): Tensor;
}

/** Names to tensors, cut from the flat vector. */
function unpack(graph: GraphBuilder, flat: Value, layout: readonly ParameterSlice[]): Map<string, Tensor> {
  const sizes = graph.int(layout.map((slice) => slice.length));
  const pieces = graph.ops("Split", [flat, sizes], layout.length, { axis: 0 });
  return new Map(
    layout.map((slice, i) => [
      slice.name,
      { value: graph.reshape(pieces[i]!, slice.shape), shape: slice.shape },
    ]),
  );
}

/** 0 where a token may look, -1e9 elsewhere: same document and not later. [batch, 1, 1, time, time] */
function documentMask(graph: GraphBuilder, segments: Value): Value {
  const rows = graph.op("Unsqueeze", [segments, graph.int([1, 2, 4])]);
  const columns = graph.op("Unsqueeze", [segments, graph.int([1, 2, 3])]);
  const same = graph.op("Equal", [rows, columns]);
  const penalty = graph.op("Where", [same, graph.float(0), graph.float(-1e9)]);
  // -1e9 above the diagonal.
  const shape = graph.op("Shape", [penalty]);
  const all = graph.op("Expand", [graph.float(-1e9), shape]);
  return graph.op("Add", [penalty, graph.op("Trilu", [all, graph.int(1)], { upper: 1 })]);
}

/** One self-attention block on x [batch · time, hidden], Llama's form with grouped queries. */
function attention(
  tape: Tape,
  x: Tensor,
  layer: number,
  { linear }: Weights,
  context: { config: ModelConfig; shape: BatchShape; mask: Value; rotate: (x: Tensor) => Tensor },
): Tensor {
  const { config, shape, mask, rotate } = context;
  const { numHeads, numKvHeads, headDim } = config;
  const { batch, time } = shape;
  const groups = numHeads / numKvHeads;
  const prefix = `model.layers.${layer}.self_attn`;
  const project = (name: string, heads: number): Tensor => {
    const split = tape.reshape(linear(x, `${prefix}.${name}`), [batch, time, heads, headDim]);
    return tape.transpose(split, [0, 2, 1, 3]);
  };
  const folded = [batch, numKvHeads, groups * time, headDim];
  const queries = tape.reshape(rotate(project("q_proj", numHeads)), folded);
  const keys = rotate(project("k_proj", numKvHeads));
  const values = project("v_proj", numKvHeads);
  const scores = tape.batchedMatMul(queries, keys, { transposeB: true, alpha: headDim ** -0.5 });
  const unfolded = tape.reshape(scores, [batch, numKvHeads, groups, time, time]);
  const weights = tape.reshape(tape.softmax(tape.addConstant(unfolded, mask)), scores.shape);
  const mixed = tape.reshape(tape.batchedMatMul(weights, values), [batch, numHeads, time, headDim]);
  const joined = tape.reshape(tape.transpose(mixed, [0, 2, 1, 3]), [batch * time, numHeads * headDim]);
  return linear(joined, `${prefix}.o_proj`);
}

/** This forward pass is Llama's own, with biases. */
function assertTrainable({ modelType, differences }: ModelConfig): void {
  if (differences === undefined) return;
  const names = Object.keys(differences).join(", ");
  const message = `a model to train must do as Llama, got ${modelType} with ${names}; train another model`;
  throw new ServiceError("failed_precondition", message, { reason: "UNSUPPORTED_CHECKPOINT" });
}

/** The decoder over a packed batch, down to the loss. */
function forward(graph: GraphBuilder, config: ModelConfig, shape: BatchShape): Forward {
  assertTrainable(config);
  const { batch, time } = shape;
  const layout = parameterLayout(config);
  const count = layout.reduce((sum, slice) => sum + slice.length, 0);
  const tensors = unpack(graph, graph.input("parameters", "float32", [count]), layout);
  const ids = graph.input("token_ids", "int64", [batch * time]);
  const positions = graph.input("positions", "int64", [batch, time]);
  const mask = documentMask(graph, graph.input("segments", "int64", [batch, time]));
  const targets = graph.input("targets", "int64", [batch * time]);
  const weights = graph.input("loss_weights", "float32", [batch * time]);

  const tape = new Tape(graph);
  const named = (name: string): Tensor => tensors.get(name)!;
  const linear = (input: Tensor, name: string): Tensor => {
    const y = tape.linear(input, named(`${name}.weight`));
    const bias = tensors.get(`${name}.bias`);
    return bias === undefined ? y : tape.addBias(y, bias);
  };
  const tables = rotaryTables(time, config.headDim, { theta: config.ropeTheta });
  const table = (name: string, data: Float32Array): Value =>
    graph.initializer(name, "float32", [time, config.headDim / 2], { raw: new Uint8Array(data.buffer) });
  const cos = table("rotary_cos", tables.cos);
  const sin = table("rotary_sin", tables.sin);
  const rotate = (x: Tensor): Tensor => tape.rotary(x, positions, cos, sin);
  const norm = (x: Tensor, name: string): Tensor => tape.rmsNorm(x, named(name), config.rmsNormEps);

  let x = tape.embedding(named("model.embed_tokens.weight"), ids, batch * time);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const prefix = `model.layers.${layer}`;
    const normed = norm(x, `${prefix}.input_layernorm.weight`);
    x = tape.add(x, attention(tape, normed, layer, { named, linear }, { config, shape, mask, rotate }));
    const inner = norm(x, `${prefix}.post_attention_layernorm.weight`);
    const gate = linear(inner, `${prefix}.mlp.gate_proj`);
    const up = linear(inner, `${prefix}.mlp.up_proj`);
    x = tape.add(x, linear(tape.swiglu(gate, up), `${prefix}.mlp.down_proj`));
  }
  const head = named(config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  const logits = tape.linear(norm(x, "model.norm.weight"), head);
  const loss = tape.crossEntropy(logits, targets, weights);
  return { tape, parameters: layout.map((slice) => named(slice.name)), logits, loss };
}

/** Scales the flat gradient so that its norm is at most `clipNorm` (torch's clip_grad_norm_). */
function clip(graph: GraphBuilder, gradient: Value, norm: Value, clipNorm: number): Value {
  const ratio = graph.op("Div", [graph.float(clipNorm), graph.op("Add", [norm, graph.float(1e-6)])]);
  return graph.op("Mul", [gradient, graph.op("Min", [ratio, graph.float(1)])]);
}

/** One AdamW step on flat vectors; emits the new parameters and moments. */
function adamW(graph: GraphBuilder, gradient: Value, count: number, options: AdamWOptions): void {
  const { beta1, beta2, epsilon, weightDecay } = options;
  const moment1 = graph.input("moment1", "float32", [count]);
  const moment2 = graph.input("moment2", "float32", [count]);
  const rate = graph.input("learning_rate", "float32", []);
  // 1 - beta^step, computed by the caller in float64.
  const correction1 = graph.input("bias_correction1", "float32", []);
  const correction2 = graph.input("bias_correction2", "float32", []);
  const mix = (old: Value, fresh: Value, beta: number): Value =>
    graph.op("Add", [
      graph.op("Mul", [old, graph.float(beta)]),
      graph.op("Mul", [fresh, graph.float(1 - beta)]),
    ]);
  const m = mix(moment1, gradient, beta1);
  const v = mix(moment2, graph.op("Mul", [gradient, gradient]), beta2);
  const root = graph.op("Sqrt", [graph.op("Div", [v, correction2])]);
  const direction = graph.op("Div", [
    graph.op("Div", [m, correction1]),
    graph.op("Add", [root, graph.float(epsilon)]),
  ]);
  const decayed = graph.op("Mul", [
    "parameters" as Value,
    graph.op("Sub", [graph.float(1), graph.op("Mul", [rate, graph.float(weightDecay)])]),
  ]);
  const updated = graph.op("Sub", [decayed, graph.op("Mul", [rate, direction])]);
  graph.output("parameters_next", updated, "float32", [count]);
  graph.output("moment1_next", m, "float32", [count]);
  graph.output("moment2_next", v, "float32", [count]);
}

/**
 * Inputs: parameters, moment1, moment2 [count]; token_ids, targets int64 and loss_weights [batch · time]; positions,
 * segments int64 [batch, time]; learning_rate, bias_correction1, bias_correction2 scalars.
 * Outputs: loss, gradient_norm scalars; parameters_next, moment1_next, moment2_next, gradient (unclipped) [count].
 */
export function buildTrainingStep(config: ModelConfig, shape: BatchShape, options: AdamWOptions): Uint8Array {
  const graph = new GraphBuilder("training_step");
  const { tape, parameters, loss } = forward(graph, config, shape);
  const gradients = tape.gradients(loss, parameters);
  const flat = graph.op(
    "Concat",
    gradients.map((gradient) => graph.reshape(gradient, [-1])),
    { axis: 0 },
  );
  const count = parameters.reduce((sum, { shape: dims }) => sum + sizeOf(dims), 0);
  const square = graph.op("ReduceSum", [graph.op("Mul", [flat, flat])], { keepdims: 0 });
  const norm = graph.op("Sqrt", [square]);
  graph.output("loss", loss.value, "float32", []);
  graph.output("gradient_norm", norm, "float32", []);
  graph.output("gradient", flat, "float32", [count]);
  adamW(graph, clip(graph, flat, norm, options.clipNorm), count, options);
  return graph.build();
}

/** The same forward pass alone. Outputs: loss, and logits [batch · time, vocabulary]. */
export function buildEvaluation(config: ModelConfig, shape: BatchShape): Uint8Array {
  const graph = new GraphBuilder("evaluation");
  const { logits, loss } = forward(graph, config, shape);
  graph.output("loss", loss.value, "float32", []);
  graph.output("logits", logits.value, "float32", logits.shape);
  return graph.build();
}

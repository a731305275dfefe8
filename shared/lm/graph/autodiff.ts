/**
 * Reverse-mode differentiation over the graph builder. Each differentiable operator emits its forward nodes and leaves
 * behind a rule that emits the nodes of its vector-Jacobian product; `gradients` runs the rules backwards. Everything
 * is plain ONNX, since inference builds of ONNX Runtime have no gradient kernels. Shapes are static here.
 */
import type { GraphBuilder, Value } from "./builder.js";

/** A value with its shape. */
export interface Tensor {
  readonly value: Value;
  readonly shape: readonly number[];
}

/** Gradients of an operator's inputs, given the gradient of its output. */
type Rule = (outputGradient: Value) => readonly (readonly [Tensor, Value])[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

export class Tape {
  readonly graph: GraphBuilder;
  readonly #rules: { readonly output: Tensor; readonly rule: Rule }[] = [];

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  #record(value: Value, shape: readonly number[], rule: Rule): Tensor {
    const output = { value, shape };
    this.#rules.push({ output, rule });
    return output;
  }

  /**
   * Emits the gradients of the scalar `loss` with respect to `targets`. A target the loss does not depend on is an
   * error: it means that a branch was forgotten.
   */
  gradients(loss: Tensor, targets: readonly Tensor[]): Value[] {
    const { graph } = this;
    const known = new Map<Value, Value>([[loss.value, graph.float(1)]]);
    for (const { output, rule } of this.#rules.toReversed()) {
      const gradient = known.get(output.value);
      if (gradient === undefined) continue;
      for (const [input, contribution] of rule(gradient)) {
        const sum = known.get(input.value);
        known.set(input.value, sum === undefined ? contribution : graph.op("Add", [sum, contribution]));
      }
    }
    return targets.map((target) => {
      const gradient = known.get(target.value);
      if (gradient === undefined) throw new Error(`the loss does not depend on ${target.value}`);
      return gradient;
    });
  }

  /** y = x Wᵀ for x [rows, in] and W [out, in], the layout of Hugging Face checkpoints. */
  linear(x: Tensor, weight: Tensor): Tensor {
    const { graph } = this;
    const y = graph.op("FusedMatMul", [x.value, weight.value], { transB: 1 });
    return this.#record(y, [x.shape[0]!, weight.shape[0]!], (dy) => [
      [x, graph.op("MatMul", [dy, weight.value])],
      [weight, graph.op("FusedMatMul", [dy, x.value], { transA: 1 })],
    ]);
  }

  /** a bᵀ (or a b) over the last two dimensions of equally batched tensors, times `alpha`. */
  batchedMatMul(a: Tensor, b: Tensor, options: { transposeB?: boolean; alpha?: number } = {}): Tensor {
    const { graph } = this;
    const { transposeB = false, alpha = 1 } = options;
    const scale = { alpha: { float: alpha } };
    const columns = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const y = graph.op("FusedMatMul", [a.value, b.value], { transB: Number(transposeB), ...scale });
    return this.#record(y, [...a.shape.slice(0, -1), columns], (dy) => [
      [a, graph.op("FusedMatMul", [dy, b.value], { transB: Number(!transposeB), ...scale })],
      [
        b,
        transposeB
          ? graph.op("FusedMatMul", [dy, a.value], { transA: 1, ...scale })
          : graph.op("FusedMatMul", [a.value, dy], { transA: 1, ...scale }),
      ],
    ]);
  }

  /** Sum of two tensors of one shape. */
  add(a: Tensor, b: Tensor): Tensor {
    return this.#record(this.graph.op("Add", [a.value, b.value]), a.shape, (dy) => [
      [a, dy],
      [b, dy],
    ]);
  }

  /** x [rows, n] plus a bias [n]. */
  addBias(x: Tensor, bias: Tensor): Tensor {
    const { graph } = this;
    return this.#record(graph.op("Add", [x.value, bias.value]), x.shape, (dy) => [
      [x, dy],
      [bias, graph.op("ReduceSum", [dy, graph.int([0])], { keepdims: 0 })],
    ]);
  }

  /** x plus something that has no gradient, such as an attention mask; broadcasts. */
  addConstant(x: Tensor, constant: Value): Tensor {
    return this.#record(this.graph.op("Add", [x.value, constant]), x.shape, (dy) => [[x, dy]]);
  }

  /** silu(gate) ⊙ up, the feed-forward nonlinearity of Llama (Shazeer 2020, SwiGLU). */
  swiglu(gate: Tensor, up: Tensor): Tensor {
    const { graph } = this;
    const sigmoid = graph.op("Sigmoid", [gate.value]);
    const silu = graph.op("Mul", [gate.value, sigmoid]);
    return this.#record(graph.op("Mul", [silu, up.value]), gate.shape, (dy) => {
      // d silu = σ + silu (1 - σ)
      const rest = graph.op("Mul", [silu, graph.op("Sub", [graph.float(1), sigmoid])]);
      const slope = graph.op("Add", [sigmoid, rest]);
      return [
        [gate, graph.op("Mul", [graph.op("Mul", [dy, up.value]), slope])],
        [up, graph.op("Mul", [dy, silu])],
      ];
    });
  }

  /** RMSNorm over the last dimension: y = x ρ w with ρ = 1 / sqrt(mean(x²) + epsilon). */
  rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
    const { graph } = this;
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    const [y, rho] = graph.ops("SimplifiedLayerNormalization", [x.value, weight.value], 2, attributes);
    return this.#record(y!, x.shape, (dy) => {
      // With n = x ρ and s = w ⊙ dy: dx = ρ (s - n mean(n ⊙ s)), dw = Σ_rows dy ⊙ n.
      const normalized = graph.op("Mul", [x.value, rho!]);
      const scaled = graph.op("Mul", [dy, weight.value]);
      const product = graph.op("Mul", [normalized, scaled]);
      const mean = graph.op("ReduceMean", [product, graph.int([-1])], { keepdims: 1 });
      const inner = graph.op("Sub", [scaled, graph.op("Mul", [normalized, mean])]);
      return [
        [x, graph.op("Mul", [inner, rho!])],
        [weight, graph.op("ReduceSum", [graph.op("Mul", [dy, normalized]), graph.int([0])], { keepdims: 0 })],
      ];
    });
  }

  /**
   * Rotary positions (half-split) on x [batch, heads, time, headDim], given positions [batch, time] and the tables
   * [positions, headDim / 2]. A rotation's transpose is the rotation backwards: the same operator with -sin.
   */
  rotary(x: Tensor, positions: Value, cos: Value, sin: Value): Tensor {
    const { graph } = this;
    const rotate = (value: Value, sine: Value): Value =>
      graph.op("RotaryEmbedding", [value, positions, cos, sine], { interleaved: 0 });
    return this.#record(rotate(x.value, sin), x.shape, (dy) => [[x, rotate(dy, graph.op("Neg", [sin]))]]);
  }

  /** Softmax over the last dimension. */
  softmax(x: Tensor): Tensor {
    const { graph } = this;
    const p = graph.op("Softmax", [x.value], { axis: -1 });
    return this.#record(p, x.shape, (dy) => {
      const weighted = graph.op("Mul", [dy, p]);
      const sum = graph.op("ReduceSum", [weighted, graph.int([-1])], { keepdims: 1 });
      return [[x, graph.op("Sub", [weighted, graph.op("Mul", [p, sum])])]];
    });
  }

  reshape(x: Tensor, shape: readonly number[]): Tensor {
    const { graph } = this;
    return this.#record(graph.reshape(x.value, shape), shape, (dy) => [[x, graph.reshape(dy, x.shape)]]);
  }

  transpose(x: Tensor, permutation: readonly number[]): Tensor {
    const { graph } = this;
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    const shape = permutation.map((axis) => x.shape[axis]!);
    return this.#record(graph.transpose(x.value, permutation), shape, (dy) => [
      [x, graph.transpose(dy, inverse)],
    ]);
  }

  /**
   * Rows of `table` [vocabulary, width] for int64 ids [rows]. The gradient is a product with the one-hot matrix rather
   * than a scatter-add, whose order of additions would depend on threads.
   */
  embedding(table: Tensor, ids: Value, rows: number): Tensor {
    const { graph } = this;
    const y = graph.op("Gather", [table.value, ids], { axis: 0 });
    return this.#record(y, [rows, table.shape[1]!], (dy) => [
      [table, graph.op("FusedMatMul", [this.oneHot(ids, table.shape[0]!), dy], { transA: 1 })],
    ]);
  }

  /** One-hot rows [rows, depth] of int64 ids. */
  oneHot(ids: Value, depth: number): Value {
    return this.graph.op("OneHot", [ids, this.graph.int(depth), this.graph.float([0, 1])], { axis: -1 });
  }

  /**
   * Weighted mean cross-entropy, Σ w · -log softmax(logits)[target] / Σ w, in nats. logits [rows, vocabulary], targets
   * int64 [rows], weights float [rows] of which some are positive.
   */
  crossEntropy(logits: Tensor, targets: Value, weights: Value): Tensor {
    const { graph } = this;
    const vocabulary = logits.shape[1]!;
    const logProbs = graph.op("LogSoftmax", [logits.value], { axis: -1 });
    const hot = this.oneHot(targets, vocabulary);
    const picked = graph.op("ReduceSum", [graph.op("Mul", [logProbs, hot]), graph.int([-1])], {
      keepdims: 0,
    });
    const total = graph.op("ReduceSum", [weights], { keepdims: 0 });
    const share = graph.op("Div", [weights, total]);
    const loss = graph.op("Neg", [
      graph.op("ReduceSum", [graph.op("Mul", [picked, share])], { keepdims: 0 }),
    ]);
    return this.#record(loss, [], (dy) => {
      const column = graph.op("Unsqueeze", [graph.op("Mul", [share, dy]), graph.int([1])]);
      const difference = graph.op("Sub", [graph.op("Exp", [logProbs]), hot]);
      return [[logits, graph.op("Mul", [difference, column])]];
    });
  }
}

/**
 * The decoder of the Llama family (Touvron et al. 2023) and of those that differ from it by what `Differences` can say,
 * as one ONNX graph for prefill, decoding and ragged chunks of several rows. Tokens come flat, in the order prompt, row,
 * position. Only the keys and values of new tokens leave the graph; the caller owns all others.
 *
 * Inputs (L layers, H hidden size, V vocabulary, D headDim, q query heads of a key/value head):
 *     token_ids    int32 [tokens]                        tokens = prompts * rows * S
 *     positions    int64 [prompts * kvHeads * rows * S, 1]   repeated for each key/value head
 *     dims         int64 [7]                             prompts, rows, S q, rows S q, P, C, S
 *     mask         [prompts, 1, rows, S, 1, P + C + S]   0 or -infinity
 *     local_mask   the same for layers with a window     only when there are such layers
 *     prefix_keys.N, prefix_values.N   [prompts, kvHeads, P, D]
 *     suffix_keys.N, suffix_values.N   [prompts, kvHeads, rows, C, D]
 *     prompt       bool [1]                              a chunk of a prompt: one prompt, one row, no prefix
 *     prompt_last_position, prompt_tokens   int32 [1], []    of a prompt: C's tokens and the new ones, the first less one
 *     logit_rows   int32 [n]                             tokens whose logits are wanted
 *     hidden_rows  int32 [m]                             tokens whose hidden states are wanted
 *     normed_rows  int32 [p]                             of these m, those whose normed states a probe wants
 *     probed_logits   int32 [r]                          of the n, those that a probe wants
 *     probes, normed_probes   [k, 16, (L + 1) H]         linear probes, 16 outputs each
 *     logit_probes   [k, 16, V]
 *     inverse_temperatures   [n, 1, 1]
 * Outputs:
 *     logits       [n, V]                                n must be at least 1: TopK cannot bear no rows
 *     top_logits, top_ids   [n, min(64, V)]              see `LogitSummary`
 *     block_sums   [n, 3 blocks]                         of total, of weightedTotal, at the temperature
 *     new_kv       [2 L prompts, kvHeads, rows, S, D]    layer 0 keys, layer 0 values, layer 1 keys, ...
 *     hidden       [m, (L + 1) H]                        embedding output, every layer, the last after the final norm
 *     probe        [k, m, 16]
 *     normed_probe   [k, p, 16]                          of the final norm of every state, the last one's again
 *     logit_probe  [k, r, 16]
 */
import type { ModelConfig } from "../checkpoint/config.js";
import type { Rope } from "../checkpoint/rope.js";
import { layerNorms } from "../checkpoint/tensors.js";
import type { TensorSource } from "../checkpoint/safetensors.js";
import type { Precision } from "../types.js";
import { attend, CONTEXT_SCALE, softcap } from "./attention.js";
import {
  attentionShapes,
  type AttentionContext,
  type KeysAndValues,
  promptInputs,
} from "./attention-context.js";
import { GraphBuilder, type Value } from "./builder.js";
import { linear, type LinearMap, multiplyTransposed } from "./linear.js";
import { emitProbe, emitSummary } from "./outputs.js";
import { rotaryTables } from "./rotary-tables.js";
import { type PlannedWeights, WeightPlan } from "./weight-plan.js";

/** Raise it when the bytes of a weight change while its place, shape and type stay: a better quantiser, for one. */
export const WEIGHTS_VERSION = 3;

export interface DecoderModel {
  /** Bytes of the .onnx file. */
  readonly graph: Uint8Array;
  readonly nodeCount: number;
  readonly weights: readonly PlannedWeights[];
  /** Bytes of the weights file. */
  readonly weightBytes: number;
}

export interface DecoderOptions {
  readonly precision: Precision;
  /** Name of the external data, in the directory of the .onnx file. */
  readonly weightsFile: string;
  /** Needed when threads outnumber the key/value heads (see attention.ts). The weights are the same. */
  readonly blockwise: boolean;
}

export function buildDecoder(config: ModelConfig, options: DecoderOptions): DecoderModel {
  const graph = new GraphBuilder("decoder");
  const plan = new WeightPlan(graph, options.weightsFile);
  const decoder = new Decoder(graph, plan, config, options);
  decoder.emit();
  return {
    graph: graph.build(),
    nodeCount: graph.nodeCount,
    weights: plan.weights,
    weightBytes: plan.byteLength,
  };
}

class Decoder {
  readonly #graph: GraphBuilder;
  readonly #plan: WeightPlan;
  readonly #config: ModelConfig;
  readonly #precision: Precision;
  readonly #blockwise: boolean;
  /** By name: the final norm's are used twice. */
  readonly #normWeights = new Map<string, Value>();

  constructor(graph: GraphBuilder, plan: WeightPlan, config: ModelConfig, options: DecoderOptions) {
    this.#graph = graph;
    this.#plan = plan;
    this.#config = config;
    this.#precision = options.precision;
    this.#blockwise = options.blockwise;
  }

  emit(): void {
    const graph = this.#graph;
    const { numLayers, vocabSize, hiddenSize } = this.#config;
    const embedding = this.#weight("model.embed_tokens.weight", [vocabSize, hiddenSize]);
    const tokenIds = graph.input("token_ids", "int32", ["tokens"]);
    const hiddenRows = graph.input("hidden_rows", "int32", ["hidden_rows"]);
    const pick = (states: Value, rows: Value): Value => graph.op("Gather", [states, rows], { axis: 0 });
    const contexts = this.#attentionContexts();

    let states = this.#embed(embedding, tokenIds);
    let normed = this.#norm(states, `model.layers.0.${layerNorms(this.#config).beforeAttention}`);
    const hidden = [pick(states, hiddenRows)];
    const fresh: KeysAndValues[] = [];
    for (let layer = 0; layer < numLayers; layer++) {
      const local = this.#config.differences?.local?.layers[layer] === true;
      const block = this.#layer(local ? contexts.local : contexts.full, layer, states, normed);
      ({ states, normed } = block);
      fresh.push(block.fresh);
      hidden.push(pick(layer + 1 === numLayers ? normed : states, hiddenRows));
    }
    const logits = this.#emitLogits(normed, graph.input("logit_rows", "int32", ["logit_rows"]), embedding);
    emitSummary(graph, logits, vocabSize);
    this.#emitKeysAndValues(fresh);
    this.#emitProbes(this.#emitHidden(hidden), logits);
  }

  #embed(embedding: Value, tokenIds: Value): Value {
    const states = this.#graph.op("Gather", [embedding, tokenIds], { axis: 0 });
    const scale = this.#config.differences?.embeddingScale;
    return scale === undefined ? states : this.#graph.op("Mul", [states, this.#graph.float(scale)]);
  }

  /** One block, and the norm that follows it: the next block's first or the final one. */
  #layer(
    context: AttentionContext,
    layer: number,
    states: Value,
    normed: Value,
  ): { states: Value; normed: Value; fresh: KeysAndValues } {
    const { numLayers } = this.#config;
    const name = `model.layers.${layer}`;
    const norms = layerNorms(this.#config);
    const projection = this.#linear(normed, this.#attentionInput(`${name}.self_attn`));
    const prefix = this.#cache("prefix", layer, ["prompts", "kv_heads", "prefix", "head_dim"]);
    const suffix = this.#cache("suffix", layer, ["prompts", "kv_heads", "rows", "suffix", "head_dim"]);
    const headNorm = this.#headNorm(`${name}.self_attn`);
    const { mixed, fresh } = attend(context, projection, prefix, suffix, headNorm);
    const postNorm = (update: Value, norm: string | undefined): Value =>
      norm === undefined ? update : this.#norm(update, `${name}.${norm}`);
    const attention = this.#linear(mixed, this.#attentionOutput(`${name}.self_attn`));
    const middle = this.#addAndNorm(
      states,
      postNorm(attention, norms.afterAttention),
      `${name}.${norms.beforeMlp}`,
    );
    const update = postNorm(this.#feedForward(middle.normed, `${name}.mlp`), norms.afterMlp);
    const next =
      layer + 1 === numLayers ? "model.norm" : `model.layers.${layer + 1}.${norms.beforeAttention}`;
    return { ...this.#addAndNorm(middle.states, update, next), fresh };
  }

  /** down(silu(gate x) ⊙ up x) (Shazeer 2020, SwiGLU), or GELU in place of SiLU (GEGLU). */
  #feedForward(x: Value, name: string): Value {
    const graph = this.#graph;
    const { hiddenSize, intermediateSize, mlpBias } = this.#config;
    const whole = (part: string, rows: number) => ({ name: `${name}.${part}`, from: 0, rows });
    const both = this.#linear(x, {
      name: `${name}.gate_up`,
      parts: [whole("gate_proj", intermediateSize), whole("up_proj", intermediateSize)],
      inputWidth: hiddenSize,
      bias: mlpBias,
    });
    const [gate, up] = graph.ops("Split", [both], 2, { axis: -1, num_outputs: 2 });
    const activated =
      this.#config.differences?.activation === "gelu_tanh"
        ? graph.op("Gelu", [gate!], { approximate: "tanh" })
        : graph.op("QuickGelu", [gate!], { alpha: { float: 1 } });
    const active = graph.op("Mul", [activated, up!]);
    return this.#linear(active, {
      name: `${name}.down`,
      parts: [whole("down_proj", hiddenSize)],
      inputWidth: intermediateSize,
      bias: mlpBias,
      sensitive: true,
    });
  }

  /** Queries, key and value of each key/value head side by side, so that one transpose serves all three. */
  #attentionInput(name: string): LinearMap {
    const { numHeads, numKvHeads, headDim, hiddenSize, attentionBias } = this.#config;
    const queryRows = (numHeads / numKvHeads) * headDim;
    const parts = Array.from({ length: numKvHeads }, (_, head) => [
      { name: `${name}.q_proj`, from: head * queryRows, rows: queryRows },
      { name: `${name}.k_proj`, from: head * headDim, rows: headDim },
      { name: `${name}.v_proj`, from: head * headDim, rows: headDim },
    ]).flat();
    return { name: `${name}.qkv`, parts, inputWidth: hiddenSize, bias: attentionBias !== "none" };
  }

  #attentionOutput(name: string): LinearMap {
    const { numHeads, headDim, hiddenSize, attentionBias } = this.#config;
    return {
      name: `${name}.o`,
      parts: [{ name: `${name}.o_proj`, from: 0, rows: hiddenSize }],
      inputWidth: numHeads * headDim,
      bias: attentionBias === "qkvo",
      scale: 1 / CONTEXT_SCALE,
    };
  }

  /** One for layers that see everything, one for local ones; the same where nothing tells them apart. */
  #attentionContexts(): { full: AttentionContext; local: AttentionContext } {
    const graph = this.#graph;
    const config = this.#config;
    const { ropeScaling, local } = config.differences ?? {};
    const dims = graph.input("dims", "int64", [7]);
    const positions = graph.input("positions", "int64", ["rotations", 1]);
    const mask = (name: string): Value => {
      const maskDims = ["prompts", 1, "rows", "new", 1, "keys"];
      return this.#maskPerQuery(graph.input(name, "float32", maskDims), dims);
    };
    const rope = { theta: config.ropeTheta, ...(ropeScaling && { scaling: ropeScaling }) };
    const shapes = attentionShapes(graph, config, dims, this.#blockwise);
    const tables = this.#rotary("rotary", rope);
    const prompt = promptInputs(graph);
    const full = { graph, config, shapes, positions, ...tables, prompt, mask: mask("mask") };
    if (local === undefined) return { full, local: full };
    const sameRope = JSON.stringify(local.rope) === JSON.stringify(rope);
    const localTables = sameRope ? tables : this.#rotary("local_rotary", local.rope);
    const localMask = local.window === undefined ? full.mask : mask("local_mask");
    const window = local.window === undefined ? {} : { window: local.window };
    return { full, local: { ...full, ...localTables, ...window, mask: localMask } };
  }

  /** Long contexts have large tables, which are only made when they are written. */
  #rotary(name: string, rope: Rope): { cos: Value; sin: Value } {
    const { contextLength, headDim } = this.#config;
    const dims = [contextLength, headDim / 2];
    const table = (part: string) => ({ name: `${name}_${part}`, dataType: "float32", dims }) as const;
    const [cos, sin] = this.#plan.add([table("cos"), table("sin")], async () => {
      const tables = rotaryTables(contextLength, headDim, rope);
      return [tables.cos, tables.sin];
    });
    return { cos: cos!, sin: sin! };
  }

  /** [prompts, 1, rows, S, 1, keys] to [prompts, 1, rows, S q, keys]: a token's query heads see the same. */
  #maskPerQuery(mask: Value, dims: Value): Value {
    const graph = this.#graph;
    const queries = this.#config.numHeads / this.#config.numKvHeads;
    const repeated = graph.op("Expand", [mask, graph.int([1, 1, 1, 1, queries, 1])]);
    const sizes = graph.ops("Split", [dims, graph.int([1, 1, 1, 4])], 4, { axis: 0 });
    const [prompts, rows, rowQueries] = sizes as [Value, Value, Value];
    const shape = graph.op("Concat", [prompts, graph.int([1]), rows, rowQueries, graph.int([-1])], {
      axis: 0,
    });
    return graph.op("Reshape", [repeated, shape], { allowzero: 1 });
  }

  /** The head; a tied one in fp32 is the embedding itself. */
  #emitLogits(states: Value, rows: Value, embedding: Value): Value {
    const { tieWordEmbeddings, hiddenSize, vocabSize } = this.#config;
    const name = tieWordEmbeddings ? "model.embed_tokens" : "lm_head";
    const map: LinearMap = {
      name: "head",
      parts: [{ name, from: 0, rows: vocabSize }],
      inputWidth: hiddenSize,
      bias: false,
      sensitive: true,
    };
    const picked = this.#graph.op("Gather", [states, rows], { axis: 0 });
    const logits =
      tieWordEmbeddings && this.#precision === "fp32"
        ? multiplyTransposed(this.#graph, picked, embedding)
        : this.#linear(picked, map);
    const capped = softcap(this.#graph, logits, this.#config.differences?.finalSoftcap);
    this.#graph.output("logits", capped, "float32", ["logit_rows", vocabSize]);
    return capped;
  }

  #emitKeysAndValues(fresh: readonly KeysAndValues[]): void {
    const all = this.#graph.op(
      "Concat",
      fresh.flatMap(({ keys, values }) => [keys, values]),
      { axis: 0 },
    );
    const { numKvHeads, headDim } = this.#config;
    this.#graph.output("new_kv", all, "float32", ["layers_prompts", numKvHeads, "rows", "new", headDim]);
  }

  #emitHidden(states: readonly Value[]): Value {
    const hidden = this.#graph.op("Concat", states, { axis: -1 });
    this.#graph.output("hidden", hidden, "float32", ["hidden_rows", this.#stateWidth]);
    return hidden;
  }

  /** Three products, since each has rows of its own: what nobody asks for has none and costs nothing. */
  #emitProbes(hidden: Value, logits: Value): void {
    const graph = this.#graph;
    const { hiddenSize, vocabSize } = this.#config;
    const pick = (from: Value, rows: string): Value =>
      graph.op("Gather", [from, graph.input(rows, "int32", [rows])], { axis: 0 });
    emitProbe(graph, "probe", hidden, "hidden_rows", this.#stateWidth);
    const states = graph.reshape(pick(hidden, "normed_rows"), [-1, hiddenSize]);
    const normed = graph.reshape(this.#norm(states, "model.norm"), [-1, this.#stateWidth]);
    emitProbe(graph, "normed_probe", normed, "normed_rows", this.#stateWidth);
    emitProbe(graph, "logit_probe", pick(logits, "probed_logits"), "probed_logits", vocabSize);
  }

  get #stateWidth(): number {
    return (this.#config.numLayers + 1) * this.#config.hiddenSize;
  }

  #cache(part: "prefix" | "suffix", layer: number, dims: readonly string[]): KeysAndValues {
    return {
      keys: this.#graph.input(`${part}_keys.${layer}`, "float32", dims),
      values: this.#graph.input(`${part}_values.${layer}`, "float32", dims),
    };
  }

  #linear(x: Value, map: LinearMap): Value {
    return linear(this.#graph, this.#plan, this.#precision, x, map);
  }

  #weight(name: string, dims: readonly number[]): Value {
    const tensor = { name, dataType: "float32", dims } as const;
    return this.#plan.add([tensor], async (source, signal) => [await source.read(name, signal)])[0]!;
  }

  /** A norm's weights as they multiply; several norms lie one behind the other. */
  #normWeight(name: string, sources: readonly string[], dims: readonly number[]): Value {
    const known = this.#normWeights.get(name);
    if (known !== undefined) return known;
    const offset = this.#config.differences?.normOffset ?? 0;
    const tensor = { name, dataType: "float32", dims } as const;
    const make = async (source: TensorSource, signal?: AbortSignal): Promise<Float32Array[]> => {
      const weights = new Float32Array(dims.reduce((product, size) => product * size, 1));
      const each = weights.length / sources.length;
      for (const [i, part] of sources.entries())
        weights.set(await source.read(`${part}.weight`, signal), i * each);
      return [weights.map((weight) => offset + weight)];
    };
    const weight = this.#plan.add([tensor], make)[0]!;
    this.#normWeights.set(name, weight);
    return weight;
  }

  /** [q + 1, headDim], the weights of the queries' norm q times and then of the key's; undefined without norms. */
  #headNorm(name: string): Value | undefined {
    const { numHeads, numKvHeads, headDim, differences } = this.#config;
    if (!differences?.qkNorm) return undefined;
    const queries = Array.from({ length: numHeads / numKvHeads }, () => `${name}.q_norm`);
    return this.#normWeight(`${name}.qk_norm`, [...queries, `${name}.k_norm`], [queries.length + 1, headDim]);
  }

  #norm(x: Value, name: string): Value {
    const weight = this.#normWeight(`${name}.weight`, [name], [this.#config.hiddenSize]);
    const epsilon = { float: this.#config.rmsNormEps };
    return this.#graph.op("SimplifiedLayerNormalization", [x, weight], { axis: -1, epsilon });
  }

  /** The residual sum, and its norm. */
  #addAndNorm(states: Value, update: Value, name: string): { states: Value; normed: Value } {
    const weight = this.#normWeight(`${name}.weight`, [name], [this.#config.hiddenSize]);
    const outputs = this.#graph.ops("SkipSimplifiedLayerNormalization", [states, update, weight], 4, {
      epsilon: { float: this.#config.rmsNormEps },
    });
    return { normed: outputs[0]!, states: outputs[3]! };
  }
}

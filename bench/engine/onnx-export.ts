/**
 * A checkpoint as the ONNX files that transformers.js reads, in the layout of the onnx-community exports: whole caches
 * in and out, attention by com.microsoft's GroupQueryAttention with rotary embedding and packed projections. Weights
 * and their rounding are the product's own, so that both run the same numbers.
 *
 * Inputs: input_ids int64 [B, S], attention_mask int64 [B, T], num_logits_to_keep int64 [] (0 is all),
 *     past_key_values.N.key and .value float32 [B, kvHeads, T - S, headDim].
 * Outputs: logits float32 [B, kept, V], present.N.key and .value float32 [B, kvHeads, T, headDim].
 */
import { copyFile, mkdir, open, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { GraphBuilder, type Value } from "#shared/lm/graph/builder.js";
import { linear, type LinearMap, multiplyTransposed } from "#shared/lm/graph/linear.js";
import { rotaryTables } from "#shared/lm/graph/rotary-tables.js";
import { WeightPlan } from "#shared/lm/graph/weight-plan.js";
import type { Precision } from "#shared/lm/types.js";

export type ExportPrecision = Exclude<Precision, "int8">;

/** How transformers.js calls the two. */
export const DTYPES: Readonly<Record<ExportPrecision, { readonly dtype: string; readonly file: string }>> = {
  fp32: { dtype: "fp32", file: "model.onnx" },
  int4: { dtype: "q4", file: "model_q4.onnx" },
};
const SIDECARS = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];

/** Writes `directory` (made if need be), from which `from_pretrained` loads; files that are there are kept. */
export async function exportOnnx(
  checkpoint: Checkpoint,
  sidecarDirectory: string,
  precisions: readonly ExportPrecision[],
  directory: string,
): Promise<void> {
  await mkdir(join(directory, "onnx"), { recursive: true });
  for (const file of SIDECARS) await copyFile(join(sidecarDirectory, file), join(directory, file));
  for (const precision of precisions) {
    const { file } = DTYPES[precision];
    const path = join(directory, "onnx", file);
    if ((await stat(path).catch(() => undefined)) !== undefined) continue;
    const { graph, plan } = buildExport(checkpoint.config, precision, `${file}_data`);
    const data = await open(`${path}_data`, "w");
    try {
      for (const { ranges, make } of plan.weights) {
        const arrays = await make(checkpoint.tensors);
        for (const [i, { offset }] of ranges.entries()) {
          const { buffer, byteOffset, byteLength } = arrays[i]!;
          await data.write(new Uint8Array(buffer, byteOffset, byteLength), 0, byteLength, offset);
        }
      }
    } finally {
      await data.close();
    }
    // Last, because it says that the data is whole.
    await writeFile(path, graph.build());
  }
}

export function buildExport(
  config: ModelConfig,
  precision: ExportPrecision,
  weightsFile: string,
): { readonly graph: GraphBuilder; readonly plan: WeightPlan } {
  if (config.differences !== undefined)
    throw new Error("the export for transformers.js knows plain Llama and Qwen2; measure without this peer");
  const graph = new GraphBuilder("transformers.js");
  const plan = new WeightPlan(graph, weightsFile);
  new Export(graph, plan, config, precision).emit();
  return { graph, plan };
}

interface AttentionInputs {
  /** [2] batch and new tokens. */
  readonly batchAndNew: Value;
  readonly lengths: Value;
  readonly total: Value;
  readonly cos: Value;
  readonly sin: Value;
}

class Export {
  readonly #graph: GraphBuilder;
  readonly #plan: WeightPlan;
  readonly #config: ModelConfig;
  readonly #precision: ExportPrecision;

  constructor(graph: GraphBuilder, plan: WeightPlan, config: ModelConfig, precision: ExportPrecision) {
    this.#graph = graph;
    this.#plan = plan;
    this.#config = config;
    this.#precision = precision;
  }

  /** The residual stream is flat, [B S, H]; attention alone needs it as [B, S, ...]. */
  emit(): void {
    const graph = this.#graph;
    const { vocabSize, hiddenSize, numLayers } = this.#config;
    const embedding = this.#weight("model.embed_tokens.weight", [vocabSize, hiddenSize]);
    const ids = graph.input("input_ids", "int64", ["batch_size", "sequence_length"]);
    const attention = this.#attentionInputs(ids);
    const embedded = graph.op("Gather", [embedding, ids], { axis: 0 });
    let states = graph.reshape(embedded, [-1, hiddenSize]);
    let normed = this.#norm(states, "model.layers.0.input_layernorm");
    for (let layer = 0; layer < numLayers; layer++)
      ({ states, normed } = this.#layer(attention, layer, states, normed));
    const kept = this.#keepLast(normed, attention.batchAndNew);
    const logits = this.#head(kept.rows, embedding);
    const shape = graph.op("Concat", [kept.batchAndKept, graph.int([vocabSize])], { axis: 0 });
    const output = graph.op("Reshape", [logits, shape]);
    graph.output("logits", output, "float32", ["batch_size", "kept", vocabSize]);
  }

  #attentionInputs(ids: Value): AttentionInputs {
    const graph = this.#graph;
    const { contextLength, headDim, ropeTheta: theta } = this.#config;
    const mask = graph.input("attention_mask", "int64", ["batch_size", "total_sequence_length"]);
    const sums = graph.op("ReduceSum", [mask, graph.int([1])], { keepdims: 0 });
    const total = graph.op("Gather", [graph.op("Shape", [mask]), graph.int(1)], { axis: 0 });
    const INT32 = { to: 6 };
    const tables = rotaryTables(contextLength, headDim, { theta });
    const table = (name: "cos" | "sin"): Value =>
      this.#plan.add(
        [{ name: `${name}_cache`, dataType: "float32", dims: [contextLength, headDim / 2] }],
        async () => [tables[name]],
      )[0]!;
    return {
      batchAndNew: graph.op("Shape", [ids]),
      lengths: graph.op("Cast", [graph.op("Sub", [sums, graph.int(1)])], INT32),
      total: graph.op("Cast", [total], INT32),
      cos: table("cos"),
      sin: table("sin"),
    };
  }

  #layer(
    attention: AttentionInputs,
    layer: number,
    states: Value,
    normed: Value,
  ): { states: Value; normed: Value } {
    const { numLayers } = this.#config;
    const name = `model.layers.${layer}`;
    const mixed = this.#attend(attention, layer, normed);
    const middle = this.#addAndNorm(states, mixed, `${name}.post_attention_layernorm`);
    const update = this.#feedForward(middle.normed, `${name}.mlp`);
    const next = layer + 1 === numLayers ? "model.norm" : `model.layers.${layer + 1}.input_layernorm`;
    return this.#addAndNorm(middle.states, update, next);
  }

  #attend({ batchAndNew, lengths, total, cos, sin }: AttentionInputs, layer: number, normed: Value): Value {
    const graph = this.#graph;
    const { numHeads, numKvHeads, headDim, hiddenSize, attentionBias } = this.#config;
    const name = `model.layers.${layer}.self_attn`;
    const part = (which: string, heads: number) => ({
      name: `${name}.${which}`,
      from: 0,
      rows: heads * headDim,
    });
    const projection = this.#linear(normed, {
      name: `${name}.qkv`,
      parts: [part("q_proj", numHeads), part("k_proj", numKvHeads), part("v_proj", numKvHeads)],
      inputWidth: hiddenSize,
      bias: attentionBias !== "none",
    });
    const shape = graph.op("Concat", [batchAndNew, graph.int([-1])], { axis: 0 });
    const packed = graph.op("Reshape", [projection, shape]);
    const past = (which: "key" | "value"): Value =>
      graph.input(`past_key_values.${layer}.${which}`, "float32", [
        "batch_size",
        numKvHeads,
        "past_sequence_length",
        headDim,
      ]);
    const [mixed, keys, values] = graph.ops(
      "GroupQueryAttention",
      [packed, null, null, past("key"), past("value"), lengths, total, cos, sin],
      3,
      {
        num_heads: numHeads,
        kv_num_heads: numKvHeads,
        do_rotary: 1,
        rotary_interleaved: 0,
        scale: { float: 1 / Math.sqrt(headDim) },
      },
    );
    const dims = ["batch_size", numKvHeads, "total_sequence_length", headDim];
    graph.output(`present.${layer}.key`, keys!, "float32", dims);
    graph.output(`present.${layer}.value`, values!, "float32", dims);
    return this.#linear(graph.reshape(mixed!, [-1, numHeads * headDim]), {
      name: `${name}.o`,
      parts: [{ name: `${name}.o_proj`, from: 0, rows: hiddenSize }],
      inputWidth: numHeads * headDim,
      bias: attentionBias === "qkvo",
    });
  }

  #feedForward(x: Value, name: string): Value {
    const graph = this.#graph;
    const { hiddenSize, intermediateSize, mlpBias } = this.#config;
    const map = (part: string, inputWidth: number, rows: number): LinearMap => ({
      name: `${name}.${part}`,
      parts: [{ name: `${name}.${part}`, from: 0, rows }],
      inputWidth,
      bias: mlpBias,
    });
    const gate = this.#linear(x, map("gate_proj", hiddenSize, intermediateSize));
    const up = this.#linear(x, map("up_proj", hiddenSize, intermediateSize));
    const active = graph.op("Mul", [graph.op("QuickGelu", [gate], { alpha: { float: 1 } }), up]);
    return this.#linear(active, map("down_proj", intermediateSize, hiddenSize));
  }

  /** The last `num_logits_to_keep` tokens of every row, flat again. */
  #keepLast(normed: Value, batchAndNew: Value): { readonly rows: Value; readonly batchAndKept: Value } {
    const graph = this.#graph;
    const { hiddenSize } = this.#config;
    const keep = graph.op("Reshape", [graph.input("num_logits_to_keep", "int64", []), graph.int([1])]);
    const grid = graph.op("Reshape", [
      normed,
      graph.op("Concat", [batchAndNew, graph.int([hiddenSize])], { axis: 0 }),
    ]);
    // From -0 is from the start: all of them.
    const kept = graph.op("Slice", [grid, graph.op("Neg", [keep]), graph.int([2 ** 31]), graph.int([1])]);
    const batchAndKept = graph.op("Slice", [
      graph.op("Shape", [kept]),
      graph.int([0]),
      graph.int([2]),
      graph.int([0]),
    ]);
    return { rows: graph.reshape(kept, [-1, hiddenSize]), batchAndKept };
  }

  #head(states: Value, embedding: Value): Value {
    const { tieWordEmbeddings, vocabSize, hiddenSize } = this.#config;
    if (tieWordEmbeddings && this.#precision === "fp32")
      return multiplyTransposed(this.#graph, states, embedding);
    const name = tieWordEmbeddings ? "model.embed_tokens" : "lm_head";
    const parts = [{ name, from: 0, rows: vocabSize }];
    // The head at 8 bits, as in our own int4.
    const precision = this.#precision === "int4" ? "int8" : this.#precision;
    const map = { name: "head", parts, inputWidth: hiddenSize, bias: false };
    return linear(this.#graph, this.#plan, precision, states, map);
  }

  #linear(x: Value, map: LinearMap): Value {
    return linear(this.#graph, this.#plan, this.#precision, x, map);
  }

  #weight(name: string, dims: readonly number[]): Value {
    const tensor = { name, dataType: "float32", dims } as const;
    return this.#plan.add([tensor], async (source, signal) => [await source.read(name, signal)])[0]!;
  }

  #norm(x: Value, name: string): Value {
    const weight = this.#weight(`${name}.weight`, [this.#config.hiddenSize]);
    const epsilon = { float: this.#config.rmsNormEps };
    return this.#graph.op("SimplifiedLayerNormalization", [x, weight], { axis: -1, epsilon });
  }

  #addAndNorm(states: Value, update: Value, name: string): { states: Value; normed: Value } {
    const weight = this.#weight(`${name}.weight`, [this.#config.hiddenSize]);
    const outputs = this.#graph.ops("SkipSimplifiedLayerNormalization", [states, update, weight], 4, {
      epsilon: { float: this.#config.rmsNormEps },
    });
    return { normed: outputs[0]!, states: outputs[3]! };
  }
}

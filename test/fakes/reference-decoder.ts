/**
 * The forward pass of Llama and Qwen2 in float64 loops, as in the papers and in Hugging Face's modeling files: slow,
 * obvious, without cache, batch or graph.
 */
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";

type Vector = number[];

export interface Reference {
  /** After each token: [tokens][vocabulary]. */
  readonly logits: Vector[];
  /** Of each token: embedding output and every layer, the last after the final norm, one behind the other. */
  readonly hidden: Vector[];
}

export function referenceForward(
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
  tokenIds: readonly number[],
): Reference {
  const model = new ReferenceModel(config, weights);
  let states = tokenIds.map((id) => model.row("model.embed_tokens.weight", id, config.hiddenSize));
  const hidden = states.map((state) => [...state]);
  for (let layer = 0; layer < config.numLayers; layer++) {
    states = model.layer(`model.layers.${layer}`, states);
    const last = layer + 1 === config.numLayers;
    for (const [t, state] of states.entries()) {
      hidden[t]!.push(...(last ? model.norm("model.norm", state) : state));
    }
  }
  const head = config.tieWordEmbeddings ? "model.embed_tokens" : "lm_head";
  return { logits: states.map((state) => model.linear(head, model.norm("model.norm", state))), hidden };
}

class ReferenceModel {
  readonly #config: ModelConfig;
  readonly #weights: ReadonlyMap<string, Float32Array>;

  constructor(config: ModelConfig, weights: ReadonlyMap<string, Float32Array>) {
    this.#config = config;
    this.#weights = weights;
  }

  row(name: string, index: number, width: number): Vector {
    return [...this.#weights.get(name)!.subarray(index * width, (index + 1) * width)];
  }

  linear(name: string, x: Vector): Vector {
    const weight = this.#weights.get(`${name}.weight`)!;
    const bias = this.#weights.get(`${name}.bias`);
    return Array.from({ length: weight.length / x.length }, (_, out) => {
      let sum = bias?.[out] ?? 0;
      for (let i = 0; i < x.length; i++) sum += weight[out * x.length + i]! * x[i]!;
      return sum;
    });
  }

  norm(name: string, x: Vector): Vector {
    const weight = this.#weights.get(`${name}.weight`)!;
    const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    return x.map((value, i) => (value / Math.sqrt(meanSquare + this.#config.rmsNormEps)) * weight[i]!);
  }

  layer(name: string, states: readonly Vector[]): Vector[] {
    const mixed = this.#attention(
      `${name}.self_attn`,
      states.map((state) => this.norm(`${name}.input_layernorm`, state)),
    );
    const middle = states.map((state, t) => add(state, mixed[t]!));
    return middle.map((state) => {
      const x = this.norm(`${name}.post_attention_layernorm`, state);
      const gate = this.linear(`${name}.mlp.gate_proj`, x);
      const up = this.linear(`${name}.mlp.up_proj`, x);
      const active = gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i]!);
      return add(state, this.linear(`${name}.mlp.down_proj`, active));
    });
  }

  #attention(name: string, x: readonly Vector[]): Vector[] {
    const { numHeads, numKvHeads, headDim } = this.#config;
    const heads = (part: string, rotate: boolean): Vector[][] =>
      x.map((row, position) => {
        const flat = this.linear(`${name}.${part}`, row);
        const split = Array.from({ length: flat.length / headDim }, (_, h) =>
          flat.slice(h * headDim, (h + 1) * headDim),
        );
        return rotate ? split.map((head) => this.#rotate(head, position)) : split;
      });
    const queries = heads("q_proj", true);
    const keys = heads("k_proj", true);
    const values = heads("v_proj", false);
    return x.map((_, t) => {
      const joined: Vector = [];
      for (let head = 0; head < numHeads; head++) {
        const shared = Math.floor(head / (numHeads / numKvHeads));
        const scores = keys
          .slice(0, t + 1)
          .map((key) => dot(queries[t]![head]!, key[shared]!) / Math.sqrt(headDim));
        const top = Math.max(...scores);
        const exps = scores.map((score) => Math.exp(score - top));
        const total = exps.reduce((sum, value) => sum + value, 0);
        for (let i = 0; i < headDim; i++) {
          joined.push(exps.reduce((sum, value, s) => sum + (value / total) * values[s]![shared]![i]!, 0));
        }
      }
      return this.linear(`${name}.o_proj`, joined);
    });
  }

  /** Half-split rotary embedding: element i turns against element i + headDim / 2. */
  #rotate(head: Vector, position: number): Vector {
    const half = head.length / 2;
    return head.map((value, i) => {
      const angle = position / this.#config.ropeTheta ** ((2 * (i % half)) / head.length);
      const other = i < half ? -head[i + half]! : head[i - half]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  }
}

const add = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]!);
const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

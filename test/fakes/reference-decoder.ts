/**
 * The forward pass of every supported family in float64 loops, as in the papers and in Hugging Face's modeling files:
 * slow, obvious, without cache, batch or graph.
 */
import type { Differences, ModelConfig } from "#shared/lm/checkpoint/config.js";
import type { Rope, RopeScaling } from "#shared/lm/checkpoint/rope.js";

type Vector = number[];

export interface Reference {
  /** After each token: [tokens][vocabulary]. */
  readonly logits: Vector[];
  /** Of each token: embedding output and every layer, the last after the final norm, one behind the other. */
  readonly hidden: Vector[];
  /** The final norm of each of these states, so that the last one is normed twice. */
  readonly normed: Vector[];
}

export function referenceForward(
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
  tokenIds: readonly number[],
): Reference {
  const model = new ReferenceModel(config, weights);
  const { embeddingScale = 1, finalSoftcap } = config.differences ?? {};
  let states = tokenIds.map((id) =>
    model.row("model.embed_tokens.weight", id, config.hiddenSize).map((value) => value * embeddingScale),
  );
  const hidden = states.map((state) => [...state]);
  for (let layer = 0; layer < config.numLayers; layer++) {
    states = model.layer(layer, states);
    const last = layer + 1 === config.numLayers;
    for (const [t, state] of states.entries()) {
      hidden[t]!.push(...(last ? model.norm("model.norm", state) : state));
    }
  }
  const head = config.tieWordEmbeddings ? "model.embed_tokens" : "lm_head";
  const logits = states.map((state) =>
    model.linear(head, model.norm("model.norm", state)).map((value) => cap(value, finalSoftcap)),
  );
  const normed = hidden.map((all) =>
    Array.from({ length: config.numLayers + 1 }, (_, state) =>
      model.norm("model.norm", all.slice(state * config.hiddenSize, (state + 1) * config.hiddenSize)),
    ).flat(),
  );
  return { logits, hidden, normed };
}

class ReferenceModel {
  readonly #config: ModelConfig;
  readonly #differences: Differences;
  readonly #weights: ReadonlyMap<string, Float32Array>;

  constructor(config: ModelConfig, weights: ReadonlyMap<string, Float32Array>) {
    this.#config = config;
    this.#differences = config.differences ?? {};
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
    const offset = this.#differences.normOffset ?? 0;
    const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    const root = Math.sqrt(meanSquare + this.#config.rmsNormEps);
    return x.map((value, i) => (value / root) * (offset + weight[i]!));
  }

  layer(layer: number, states: readonly Vector[]): Vector[] {
    const name = `model.layers.${layer}`;
    const sandwich = this.#differences.postNorms === true;
    const after = (norm: string, x: Vector): Vector => (sandwich ? this.norm(`${name}.${norm}`, x) : x);
    const mixed = this.#attention(
      layer,
      states.map((state) => this.norm(`${name}.input_layernorm`, state)),
    );
    const middle = states.map((state, t) => add(state, after("post_attention_layernorm", mixed[t]!)));
    const beforeMlp = sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    return middle.map((state) => {
      const x = this.norm(`${name}.${beforeMlp}`, state);
      const gate = this.linear(`${name}.mlp.gate_proj`, x);
      const up = this.linear(`${name}.mlp.up_proj`, x);
      const activate = this.#differences.activation === "gelu_tanh" ? gelu : silu;
      const active = gate.map((value, i) => activate(value) * up[i]!);
      return add(state, after("post_feedforward_layernorm", this.linear(`${name}.mlp.down_proj`, active)));
    });
  }

  #attention(layer: number, x: readonly Vector[]): Vector[] {
    const { numHeads, numKvHeads, headDim, ropeTheta } = this.#config;
    const { local, qkNorm, ropeScaling, attentionSoftcap } = this.#differences;
    const name = `model.layers.${layer}.self_attn`;
    const isLocal = local?.layers[layer] === true;
    const global: Rope = { theta: ropeTheta, ...(ropeScaling === undefined ? {} : { scaling: ropeScaling }) };
    const rope = isLocal ? local.rope : global;
    const window = isLocal ? (local.window ?? Infinity) : Infinity;
    const scale = this.#differences.attentionScale ?? 1 / Math.sqrt(headDim);

    const heads = (part: string): Vector[][] =>
      x.map((row) => {
        const flat = this.linear(`${name}.${part}`, row);
        return Array.from({ length: flat.length / headDim }, (_, h) =>
          flat.slice(h * headDim, (h + 1) * headDim),
        );
      });
    const placed = (part: string, norm: string): Vector[][] =>
      heads(part).map((row, position) =>
        row.map((head) => rotate(qkNorm ? this.norm(`${name}.${norm}`, head) : head, position, rope)),
      );
    const queries = placed("q_proj", "q_norm");
    const keys = placed("k_proj", "k_norm");
    const values = heads("v_proj");
    return x.map((_, t) => {
      const joined: Vector = [];
      const from = Math.max(0, t - window + 1);
      for (let head = 0; head < numHeads; head++) {
        const shared = Math.floor(head / (numHeads / numKvHeads));
        const scores = keys
          .slice(from, t + 1)
          .map((key) => cap(dot(queries[t]![head]!, key[shared]!) * scale, attentionSoftcap));
        const top = Math.max(...scores);
        const exps = scores.map((score) => Math.exp(score - top));
        const total = exps.reduce((sum, value) => sum + value, 0);
        for (let i = 0; i < headDim; i++) {
          joined.push(
            exps.reduce((sum, value, s) => sum + (value / total) * values[from + s]![shared]![i]!, 0),
          );
        }
      }
      return this.linear(`${name}.o_proj`, joined);
    });
  }
}

/** Half-split rotary embedding: element i turns against element i + headDim / 2. */
function rotate(head: Vector, position: number, rope: Rope): Vector {
  const half = head.length / 2;
  const magnitude = rope.scaling?.kind === "yarn" ? rope.scaling.attentionFactor : 1;
  return head.map((value, i) => {
    const angle = position * frequency(i % half, head.length, rope);
    const other = i < half ? -head[i + half]! : head[i - half]!;
    return (value * Math.cos(angle) + other * Math.sin(angle)) * magnitude;
  });
}

function frequency(i: number, headDim: number, { theta, scaling }: Rope): number {
  const plain = theta ** ((-2 * i) / headDim);
  if (scaling === undefined) return plain;
  if (scaling.kind === "linear") return plain / scaling.factor;
  if (scaling.kind === "frequency_factors") return plain / scaling.factors[i]!;
  return scaling.kind === "llama3" ? llama3(plain, scaling) : yarn(i, headDim, plain, theta, scaling);
}

/** By wavelength in tokens, as Llama 3.1's model card has it. */
function llama3(plain: number, scaling: Extract<RopeScaling, { kind: "llama3" }>): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling;
  const wavelength = (2 * Math.PI) / plain;
  if (wavelength < originalContext / highFrequencyFactor) return plain;
  if (wavelength > originalContext / lowFrequencyFactor) return plain / factor;
  const smooth =
    (originalContext / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - smooth) * plain) / factor + smooth * plain;
}

/** Equations 17 to 23 of the YaRN paper, with the bounds of the ramp at whole pairs. */
function yarn(
  i: number,
  headDim: number,
  plain: number,
  theta: number,
  scaling: Extract<RopeScaling, { kind: "yarn" }>,
): number {
  const pairOf = (turns: number): number =>
    (headDim * Math.log(scaling.originalContext / (2 * Math.PI * turns))) / (2 * Math.log(theta));
  const low = Math.max(0, scaling.truncate ? Math.floor(pairOf(scaling.betaFast)) : pairOf(scaling.betaFast));
  const high = Math.min(
    headDim - 1,
    scaling.truncate ? Math.ceil(pairOf(scaling.betaSlow)) : pairOf(scaling.betaSlow),
  );
  const ramp = Math.min(1, Math.max(0, (i - low) / (high - low || 0.001)));
  return ramp * (plain / scaling.factor) + (1 - ramp) * plain;
}

const cap = (value: number, limit: number | undefined): number =>
  limit === undefined ? value : limit * Math.tanh(value / limit);
const silu = (value: number): number => value / (1 + Math.exp(-value));
const gelu = (value: number): number =>
  0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));
const add = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]!);
const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

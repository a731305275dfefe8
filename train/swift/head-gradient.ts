/**
 * R of a solution and its gradient, in closed form. With g = sigmoid(w_g h + b_g), r = w_r h + b_r, S = max(sum g, 1e-8)
 * and R = sum(g r) / S: dR/dr_t = g_t / S and dR/dg~_t = g_t (1 - g_t) (r_t - R) / S; without a gate g = 1 and S counts
 * tokens. Nearly all time of a training goes into these loops: they run over several tokens at a time, so that a weight
 * is loaded once for all of them and the sums do not wait for each other.
 */
import { sigmoid } from "#verifier/score/probability.js";

/** Weights and biases of one row, or their gradients. */
export interface Row {
  /** [width] */
  readonly weights: Float64Array;
  bias: number;
}

/** A head while it is trained. */
export interface Rows {
  readonly gate: Row | undefined;
  readonly reward: Row;
}

export const emptyRows = (width: number, gated: boolean): Rows => ({
  gate: gated ? { weights: new Float64Array(width), bias: 0 } : undefined,
  reward: { weights: new Float64Array(width), bias: 0 },
});

/** What the gradient of a solution needs of its forward pass. */
export interface Forward {
  readonly reward: number;
  /** dR/dr_t and dR/dg~_t, [tokens] each. */
  readonly rewardSlopes: Float64Array;
  readonly gateSlopes: Float64Array | undefined;
}

const GATE_FLOOR = 1e-8;

/** `states` is [tokens, width], `tokens` at least 1. */
export function forward(rows: Rows, states: Float32Array, tokens: number): Forward {
  const r = products(rows.reward, states, tokens);
  if (rows.gate === undefined) {
    const reward = r.reduce((sum, value) => sum + value, 0) / tokens;
    return { reward, rewardSlopes: new Float64Array(tokens).fill(1 / tokens), gateSlopes: undefined };
  }
  const g = products(rows.gate, states, tokens).map(sigmoid);
  const total = g.reduce((sum, gate) => sum + gate, 0);
  const open = Math.max(total, GATE_FLOOR);
  let reward = 0;
  for (let t = 0; t < tokens; t++) reward += (g[t]! * r[t]!) / open;
  // Below the floor the denominator is a constant, and R no longer takes part in the slope of a gate.
  const center = total > GATE_FLOOR ? reward : 0;
  const gateSlopes = g.map((gate, t) => (gate * (1 - gate) * (r[t]! - center)) / open);
  return { reward, rewardSlopes: g.map((gate) => gate / open), gateSlopes };
}

/** Adds `slope` (dL/dR) times the gradient of R to `gradient`. */
export function backward(
  { rewardSlopes, gateSlopes }: Forward,
  states: Float32Array,
  slope: number,
  gradient: Rows,
): void {
  if (slope === 0) return;
  addProducts(gradient.reward, states, rewardSlopes, slope);
  if (gradient.gate !== undefined) addProducts(gradient.gate, states, gateSlopes!, slope);
}

/** w h_t + b for every token. */
function products({ weights, bias }: Row, states: Float32Array, tokens: number): Float64Array {
  const width = weights.length;
  const result = new Float64Array(tokens);
  let t = 0;
  for (; t + 4 <= tokens; t += 4) {
    const [at0, at1, at2, at3] = [t * width, (t + 1) * width, (t + 2) * width, (t + 3) * width];
    let [s0, s1, s2, s3] = [bias, bias, bias, bias];
    for (let i = 0; i < width; i++) {
      const w = weights[i]!;
      s0 += w * states[at0 + i]!;
      s1 += w * states[at1 + i]!;
      s2 += w * states[at2 + i]!;
      s3 += w * states[at3 + i]!;
    }
    result[t] = s0;
    result[t + 1] = s1;
    result[t + 2] = s2;
    result[t + 3] = s3;
  }
  for (; t < tokens; t++) {
    let s = bias;
    for (let i = 0; i < width; i++) s += weights[i]! * states[t * width + i]!;
    result[t] = s;
  }
  return result;
}

/** row += scale * sum of slopes_t (h_t, 1). */
function addProducts(row: Row, states: Float32Array, slopes: Float64Array, scale: number): void {
  const { weights } = row;
  const width = weights.length;
  const tokens = slopes.length;
  let t = 0;
  for (; t + 4 <= tokens; t += 4) {
    const [at0, at1, at2, at3] = [t * width, (t + 1) * width, (t + 2) * width, (t + 3) * width];
    const [c0, c1] = [scale * slopes[t]!, scale * slopes[t + 1]!];
    const [c2, c3] = [scale * slopes[t + 2]!, scale * slopes[t + 3]!];
    for (let i = 0; i < width; i++)
      weights[i]! +=
        c0 * states[at0 + i]! + c1 * states[at1 + i]! + c2 * states[at2 + i]! + c3 * states[at3 + i]!;
    row.bias += c0 + c1 + c2 + c3;
  }
  for (; t < tokens; t++) {
    const c = scale * slopes[t]!;
    for (let i = 0; i < width; i++) weights[i]! += c * states[t * width + i]!;
    row.bias += c;
  }
}

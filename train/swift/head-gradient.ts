/**
 * R of a solution and its gradient, in closed form. With g = sigmoid(w_g h + b_g), r = w_r h + b_r, S = max(sum g, 1e-8)
 * and R = sum(g r) / S: dR/dr_t = g_t / S and dR/dg~_t = g_t (1 - g_t) (r_t - R) / S; without a gate g = 1 and S counts
 * tokens. Nearly all time of a training goes into the two loops at the end: two rows and two tokens at a time, so that
 * each number that is loaded is used twice and the sums do not wait for each other.
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
  const { g, r } = products(rows, states, tokens);
  if (rows.gate === undefined) {
    const reward = r.reduce((sum, value) => sum + value, 0) / tokens;
    return { reward, rewardSlopes: new Float64Array(tokens).fill(1 / tokens), gateSlopes: undefined };
  }
  let total = 0;
  for (let t = 0; t < tokens; t++) {
    g[t] = sigmoid(g[t]!);
    total += g[t]!;
  }
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
  const { reward } = gradient;
  // Without a gate the loop adds nothing to the reward's row in the gate's place.
  const gate = gradient.gate ?? reward;
  const width = reward.weights.length;
  for (let t = 0; t < rewardSlopes.length; t += 2) {
    const next = Math.min(t + 1, rewardSlopes.length - 1);
    const [g0, g1] = [slope * (gateSlopes?.[t] ?? 0), slope * (gateSlopes?.[t + 1] ?? 0)];
    const [r0, r1] = [slope * rewardSlopes[t]!, slope * (rewardSlopes[t + 1] ?? 0)];
    addTwo(gate.weights, reward.weights, states, t * width, next * width, g0, g1, r0, r1);
    gate.bias += g0 + g1;
    reward.bias += r0 + r1;
  }
}

/** w h_t + b of both rows for every token; without a gate g means nothing. */
function products({ gate, reward }: Rows, states: Float32Array, tokens: number) {
  const [g, r] = [new Float64Array(tokens), new Float64Array(tokens)];
  const width = reward.weights.length;
  const first = gate ?? reward;
  const out = new Float64Array(4);
  for (let t = 0; t < tokens; t += 2) {
    const next = Math.min(t + 1, tokens - 1);
    multiplyTwo(first.weights, reward.weights, states, t * width, next * width, out);
    g[t] = out[0]! + first.bias;
    g[next] = out[1]! + first.bias;
    r[t] = out[2]! + reward.bias;
    r[next] = out[3]! + reward.bias;
  }
  return { g, r };
}

/** The products of two rows with two tokens: row a with both, then row b. */
function multiplyTwo(
  a: Float64Array,
  b: Float64Array,
  states: Float32Array,
  at0: number,
  at1: number,
  out: Float64Array,
): void {
  let a0 = 0;
  let a1 = 0;
  let b0 = 0;
  let b1 = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    const h0 = states[at0 + i]!;
    const h1 = states[at1 + i]!;
    a0 += x * h0;
    a1 += x * h1;
    b0 += y * h0;
    b1 += y * h1;
  }
  out[0] = a0;
  out[1] = a1;
  out[2] = b0;
  out[3] = b1;
}

/** a += a0 h0 + a1 h1, b += b0 h0 + b1 h1. */
function addTwo(
  a: Float64Array,
  b: Float64Array,
  states: Float32Array,
  at0: number,
  at1: number,
  a0: number,
  a1: number,
  b0: number,
  b1: number,
): void {
  for (let i = 0; i < a.length; i++) {
    const h0 = states[at0 + i]!;
    const h1 = states[at1 + i]!;
    a[i]! += a0 * h0 + a1 * h1;
    b[i]! += b0 * h0 + b1 * h1;
  }
}

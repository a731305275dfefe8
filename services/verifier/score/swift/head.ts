/**
 * SWIFT (arXiv 2505.12225): a reward that is linear in the policy's hidden states. Per token t with the concatenated
 * states h_t, gate g = sigmoid(w_g h_t + b_g) and reward r = w_r h_t + b_r; the reward of a text is the gate-weighted
 * mean R = sum(g r) / max(sum g, 1e-8). Both sums add over steps, so a path's reward follows from its parent's sums.
 * The dot products are done by the generator (a probe with these two outputs); bias, sigmoid and mean are done here.
 * Pure: the trainer uses the same functions.
 */
import { sigmoid } from "../probability.js";

/** Gate and reward biases. */
export interface SwiftBias {
  readonly gate: number;
  readonly reward: number;
}

/** Sums over the tokens of a path: all that SWIFT remembers of it. */
export interface SwiftSums {
  /** Sum of gate times reward. */
  readonly gatedReward: number;
  /** Sum of gates. */
  readonly gate: number;
}

export const EMPTY_SUMS: SwiftSums = { gatedReward: 0, gate: 0 };

/** Outputs of the probe: the order of its rows. */
export const SWIFT_OUTPUTS = 2;
const GATE_FLOOR = 1e-8;

/** Adds the tokens of a step to a path's sums. `projections` is [tokens, 2] (gate, reward) without bias, row-major. */
export function addTokens(sums: SwiftSums, projections: ArrayLike<number>, bias: SwiftBias): SwiftSums {
  let { gatedReward, gate } = sums;
  for (let i = 0; i < projections.length; i += SWIFT_OUTPUTS) {
    const g = sigmoid(projections[i]! + bias.gate);
    gatedReward += g * (projections[i + 1]! + bias.reward);
    gate += g;
  }
  return { gatedReward, gate };
}

/** R of a path, unbounded. 0 for a path without tokens. */
export function swiftReward(sums: SwiftSums): number {
  return sums.gatedReward / Math.max(sums.gate, GATE_FLOOR);
}

/** R of a whole text from its raw projections [tokens, 2]. */
export function swiftForward(projections: ArrayLike<number>, bias: SwiftBias): number {
  return swiftReward(addTokens(EMPTY_SUMS, projections, bias));
}

/**
 * SWIFT (arXiv 2505.12225): a reward that is linear in what the policy computed. Per token t with features h_t (hidden
 * states or logits), gate g = sigmoid(w_g h_t + b_g) and reward r = w_r h_t + b_r; the reward of a text is the
 * gate-weighted mean R = sum(g r) / max(sum g, 1e-8), or the plain mean of r for a head without a gate. Both sums add
 * over steps, so a path's reward follows from its parent's sums. The products with h_t are done by the generator (a
 * probe); bias, sigmoid and mean are done here. Pure: the trainer uses the same functions.
 */
import { sigmoid } from "../probability.js";

/** What h_t is. */
export type SwiftInput =
  | {
      readonly kind: "hidden";
      /** Indices of the hidden states in the order of the weights; 0 is the embedding output. */
      readonly layers: readonly number[];
      /** Whether the model's final norm was applied to each of them; the last has it once in any case. */
      readonly finalNorm: boolean;
    }
  /** All raw logits after the token, [vocabulary]. */
  | { readonly kind: "logits" };

/**
 * Which of the sampled tokens count. `response`: all, the one that closes the answer included. `without_first`: all but
 * the first, as the reference implementation has it for chat templates whose empty assistant turn ends in something
 * other than `<|eot_id|>` (it takes that end for part of the prompt).
 */
export const SPANS = ["response", "without_first"] as const;
export type SwiftSpan = (typeof SPANS)[number];

/** One of the head's two rows. */
export interface SwiftRow {
  /** [width of h_t] */
  readonly weights: Float32Array;
  /** [SWIFT_SCALARS] for a `swift+lp` head, else empty. */
  readonly scalars: Float32Array;
  readonly bias: number;
}

/** The head's numbers; `SwiftHead` (`head-file.ts`) adds where they come from. */
export interface SwiftWeights {
  /** Undefined: every token counts the same. */
  readonly gate: SwiftRow | undefined;
  readonly reward: SwiftRow;
  readonly span: SwiftSpan;
}

/** Scalars per token that a `swift+lp` head reads beside h_t, in the order of `scalarsOf`. */
export const SWIFT_SCALARS = 3;

/** Sums over the tokens of a path: all that SWIFT remembers of it. */
export interface SwiftSums {
  /** Sum of gate times reward. */
  readonly gatedReward: number;
  /** Sum of gates; the count of tokens without a gate. */
  readonly gate: number;
  /** Tokens of the path, those outside the span included. */
  readonly tokens: number;
}

export const EMPTY_SUMS: SwiftSums = { gatedReward: 0, gate: 0, tokens: 0 };

const GATE_FLOOR = 1e-8;

/** Outputs of the head's probe, in this order: gate (when there is one), reward. */
export const outputsOf = ({ gate }: SwiftWeights): number => (gate === undefined ? 1 : 2);

export const readsScalars = ({ reward }: SwiftWeights): boolean => reward.scalars.length > 0;

/**
 * [tokens, SWIFT_SCALARS]: ln p of each token, the entropy (nats) of the distribution it was drawn from, and that of the
 * distribution after it. `nextEntropy` is the one after the last token: 0 where the text has ended.
 */
export function scalarsOf(
  logProbs: ArrayLike<number>,
  entropies: ArrayLike<number>,
  nextEntropy: number,
): Float32Array {
  const scalars = new Float32Array(SWIFT_SCALARS * logProbs.length);
  for (let t = 0; t < logProbs.length; t++)
    scalars.set([logProbs[t]!, entropies[t]!, entropies[t + 1] ?? nextEntropy], SWIFT_SCALARS * t);
  return scalars;
}

/**
 * Adds the tokens of a step to a path's sums. `projections` is [tokens, outputsOf(head)], the products with h_t without
 * bias, row-major; `scalars` is [tokens, SWIFT_SCALARS] for a head that reads them.
 */
export function addTokens(
  sums: SwiftSums,
  head: SwiftWeights,
  projections: ArrayLike<number>,
  scalars?: ArrayLike<number>,
): SwiftSums {
  const outputs = outputsOf(head);
  const count = projections.length / outputs;
  let { gatedReward, gate } = sums;
  for (let t = 0; t < count; t++) {
    if (head.span === "without_first" && sums.tokens + t === 0) continue;
    const token = tokenTerms(head, projections, scalars, t);
    gatedReward += token.gate * token.reward;
    gate += token.gate;
  }
  return { gatedReward, gate, tokens: sums.tokens + count };
}

/** Gate (1 for a head without one) and reward of token `t`; arguments as for `addTokens`. */
export function tokenTerms(
  head: SwiftWeights,
  projections: ArrayLike<number>,
  scalars: ArrayLike<number> | undefined,
  t: number,
): { readonly gate: number; readonly reward: number } {
  const outputs = outputsOf(head);
  const gate =
    head.gate === undefined ? 1 : sigmoid(rowValue(head.gate, projections[t * outputs]!, scalars, t));
  return { gate, reward: rowValue(head.reward, projections[(t + 1) * outputs - 1]!, scalars, t) };
}

function rowValue(
  row: SwiftRow,
  projection: number,
  scalars: ArrayLike<number> | undefined,
  t: number,
): number {
  let value = projection + row.bias;
  for (let i = 0; i < row.scalars.length; i++) value += row.scalars[i]! * scalars![t * SWIFT_SCALARS + i]!;
  return value;
}

/** R of a path, unbounded. 0 for a path without tokens. */
export function swiftReward(sums: SwiftSums): number {
  return sums.gatedReward / Math.max(sums.gate, GATE_FLOOR);
}

/** R of a whole text; arguments as for `addTokens`. */
export function swiftForward(
  head: SwiftWeights,
  projections: ArrayLike<number>,
  scalars?: ArrayLike<number>,
): number {
  return swiftReward(addTokens(EMPTY_SUMS, head, projections, scalars));
}

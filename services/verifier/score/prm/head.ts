/**
 * The PRM's head: standardised features -> one hidden layer (tanh) -> logit of "this path leads to a right answer".
 * Pure; the trainer fits these numbers and the service reads them from `prm_head.safetensors`.
 */
import { toScore } from "../probability.js";

export interface PrmHead {
  /** [features] subtracted first. */
  readonly mean: Float32Array;
  /** [features] divided by; all above 0. */
  readonly std: Float32Array;
  /** [hidden, features], row-major. */
  readonly hiddenWeight: Float32Array;
  /** [hidden] */
  readonly hiddenBias: Float32Array;
  /** [hidden] */
  readonly outputWeight: Float32Array;
  readonly outputBias: number;
}

/** The logit for one step's features [features]. */
export function prmLogit(head: PrmHead, features: ArrayLike<number>): number {
  const width = head.mean.length;
  let logit = head.outputBias;
  for (let unit = 0; unit < head.hiddenBias.length; unit++) {
    let sum = head.hiddenBias[unit]!;
    for (let i = 0; i < width; i++)
      sum += (head.hiddenWeight[unit * width + i]! * (features[i]! - head.mean[i]!)) / head.std[i]!;
    logit += head.outputWeight[unit]! * Math.tanh(sum);
  }
  return logit;
}

/** Score in (0, 1) for one step's features. */
export function prmScore(head: PrmHead, features: ArrayLike<number>): number {
  return toScore(prmLogit(head, features));
}

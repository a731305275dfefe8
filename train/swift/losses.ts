/**
 * The losses a head may be trained with (arXiv 2505.12225), each as its value and its slopes dL/dR for a group of
 * solutions with rewards R and labels. `bce` and `hinge` look at one solution at a time, the others compare those of one
 * problem; for them a group is all solutions of a problem.
 */
import { sigmoid } from "#verifier/score/probability.js";

export const LOSSES = ["bce", "hinge", "dpo", "infonca", "nca"] as const;
export type LossName = (typeof LOSSES)[number];

export interface Loss {
  /** Whether it compares the solutions of a problem. */
  readonly pairwise: boolean;
  /** Whether a problem whose solutions are all right, or all wrong, says nothing. */
  readonly needsBoth: boolean;
  /** The group's loss; writes dL/dR of each solution into `slopes`. */
  evaluate(rewards: Float64Array, labels: readonly boolean[], slopes: Float64Array): number;
}

/** Of InfoNCA and NCA; so small that a wrong solution's target is 0 wherever there is a right one. */
const ALPHA = 0.01;

/** log(1 + e^x), without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Mean of log(1 + e^-R) for right and log(1 + e^R) for wrong solutions. */
const bce: Loss = {
  pairwise: false,
  needsBoth: false,
  evaluate: (rewards, labels, slopes) =>
    meanOf(rewards, slopes, (reward, i) => {
      slopes[i] = sigmoid(reward) - Number(labels[i]!);
      return softplus(labels[i]! ? -reward : reward);
    }),
};

/** Mean of max(0, 1 - y R), y = 1 for right and -1 for wrong solutions. */
const hinge: Loss = {
  pairwise: false,
  needsBoth: false,
  evaluate: (rewards, labels, slopes) =>
    meanOf(rewards, slopes, (reward, i) => {
      const y = labels[i]! ? 1 : -1;
      slopes[i] = y * reward < 1 ? -y : 0;
      return Math.max(0, 1 - y * reward);
    }),
};

function meanOf(
  rewards: Float64Array,
  slopes: Float64Array,
  lossAt: (reward: number, i: number) => number,
): number {
  let total = 0;
  for (let i = 0; i < rewards.length; i++) {
    total += lossAt(rewards[i]!, i) / rewards.length;
    slopes[i]! /= rewards.length;
  }
  return total;
}

/** Mean of -log sigmoid(R+ - R-) over all pairs of a right and a wrong solution. */
const dpo: Loss = {
  pairwise: true,
  needsBoth: true,
  evaluate(rewards, labels, slopes) {
    slopes.fill(0);
    const right = labels.filter(Boolean).length;
    const pairs = right * (labels.length - right);
    let total = 0;
    for (let i = 0; i < rewards.length; i++)
      for (let j = 0; labels[i]! && j < rewards.length; j++) {
        if (labels[j]!) continue;
        const margin = rewards[i]! - rewards[j]!;
        const slope = sigmoid(-margin) / pairs;
        slopes[i]! -= slope;
        slopes[j]! += slope;
        total += softplus(-margin) / pairs;
      }
    return total;
  },
};

/** softmax(label / alpha): even over the right solutions, or over all where none is right. */
function targets(labels: readonly boolean[]): number[] {
  const weights = labels.map((label) => Math.exp((Number(label) - Number(labels.includes(true))) / ALPHA));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Cross-entropy of softmax(R) to the targets. */
const infonca: Loss = {
  pairwise: true,
  needsBoth: false,
  evaluate(rewards, labels, slopes) {
    const wanted = targets(labels);
    const top = rewards.reduce((most, reward) => Math.max(most, reward), -Infinity);
    const sum = rewards.reduce((all, reward) => all + Math.exp(reward - top), 0);
    let total = 0;
    for (let i = 0; i < rewards.length; i++) {
      const logShare = rewards[i]! - top - Math.log(sum);
      slopes[i] = Math.exp(logShare) - wanted[i]!;
      total -= wanted[i]! * logShare;
    }
    return total;
  },
};

/** -sum of target log sigmoid(R) + log sigmoid(-R) / K over the K solutions. */
const nca: Loss = {
  pairwise: true,
  needsBoth: false,
  evaluate(rewards, labels, slopes) {
    const wanted = targets(labels);
    const share = 1 / rewards.length;
    let total = 0;
    for (let i = 0; i < rewards.length; i++) {
      const reward = rewards[i]!;
      slopes[i] = share * sigmoid(reward) - wanted[i]! * sigmoid(-reward);
      total += wanted[i]! * softplus(-reward) + share * softplus(reward);
    }
    return total;
  },
};

export const LOSS: Readonly<Record<LossName, Loss>> = { bce, hinge, dpo, infonca, nca };

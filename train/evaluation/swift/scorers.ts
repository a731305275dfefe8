/** What can rank candidates, and how much each of them weighs in a vote. */
import type { Candidate } from "./candidates.js";

export interface Scorer {
  readonly name: string;
  /** Higher is better. */
  readonly score: (candidate: Candidate) => number;
  /** Natural logarithm of the weight in a vote; only differences between the candidates of one problem matter. */
  readonly logWeight: (candidate: Candidate) => number;
}

/** `reward`: unbounded, its sigmoid votes. `probability`: in (0, 1), it votes itself. */
export type ScoreKind = "reward" | "probability";

const meanLogProb = ({ sumLogProb, tokens }: Candidate): number => sumLogProb / Math.max(1, tokens);
/** log sigmoid(x), without overflow. */
const logSigmoid = (x: number): number => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
/** So that nothing votes with the logarithm of 0. */
const LEAST = 1e-12;

/**
 * What needs no training. Self-certainty is KL(U || p) in its paper (arXiv 2502.18581), which needs the log-probs of the
 * whole vocabulary at every token; they are not recorded, so it is KL(p || U) here, log V minus the entropy, averaged over
 * the tokens: the same idea, another average.
 */
export const freeScorers = (vocabularySize: number): Scorer[] => {
  const certainty = ({ meanEntropy }: Candidate): number => Math.log(vocabularySize) - meanEntropy;
  return [
    { name: "mean log-prob", score: meanLogProb, logWeight: meanLogProb },
    { name: "sum log-prob", score: (each) => each.sumLogProb, logWeight: (each) => each.sumLogProb },
    {
      name: "self-certainty",
      score: certainty,
      logWeight: (each) => Math.log(Math.max(certainty(each), LEAST)),
    },
  ];
};

/** A scorer whose scores are recorded under its name. */
export function recordedScorer(name: string, kind: ScoreKind): Scorer {
  const score = ({ scores }: Candidate): number => scores[name]!;
  return {
    name,
    score,
    logWeight: (each) =>
      kind === "reward" ? logSigmoid(score(each)) : Math.log(Math.max(score(each), LEAST)),
  };
}

/** The tables of the model cards: every chooser on one pool, per level, with bootstrap intervals over problems. */
import { createRng } from "#shared/rng.js";
import { auc, bootstrap, type Interval, mean } from "#shared/stats.js";
import { aggregate } from "#verifier/search/path.js";
import { sigmoid } from "#verifier/score/probability.js";
import {
  bestOf,
  type Chooser,
  majority,
  oracle,
  passRate,
  type PooledProblem,
  type Score,
  weightedVote,
} from "./pool.js";

/** Every score that can rank candidates, weakest evidence first. */
export const SCORES: Readonly<Record<string, Score>> = {
  "mean log-prob": (rollout) => rollout.meanLogProb,
  "sum log-prob": (rollout) => rollout.sumLogProb,
  "least log-prob": (rollout) => rollout.minLogProb,
  "mean entropy (negated)": (rollout) => -rollout.meanEntropy,
  "SWIFT's form over log-prob and entropies": (rollout) => rollout.scalars,
  SWIFT: (rollout) => rollout.swift,
  "reader's sum log-prob, no head": (rollout) => rollout.readerSumLogProb,
  "PRM, last": (rollout) => aggregate(rollout.prm, "last"),
  "PRM, min": (rollout) => aggregate(rollout.prm, "min"),
  "PRM, prod": (rollout) => aggregate(rollout.prm, "prod"),
};

/** Votes need weights in (0, 1): log-probs are exponentiated, SWIFT's reward goes through a sigmoid. */
const WEIGHTS: Readonly<Record<string, Score>> = {
  "mean log-prob": (rollout) => Math.exp(rollout.meanLogProb),
  "sum log-prob": (rollout) => Math.exp(rollout.sumLogProb),
  "SWIFT's form over log-prob and entropies": (rollout) => sigmoid(rollout.scalars),
  SWIFT: (rollout) => sigmoid(rollout.swift),
  "reader's sum log-prob, no head": (rollout) => Math.exp(rollout.readerSumLogProb),
  "PRM, last": SCORES["PRM, last"]!,
  "PRM, min": SCORES["PRM, min"]!,
  "PRM, prod": SCORES["PRM, prod"]!,
};

/** Every way to choose among n rollouts. */
export function choosers(): Readonly<Record<string, Chooser>> {
  const table: Record<string, Chooser> = { "pass@1": passRate, majority, oracle };
  for (const [name, score] of Object.entries(SCORES)) table[`Best-of-N, ${name}`] = bestOf(score);
  for (const [name, score] of Object.entries(WEIGHTS)) table[`weighted vote, ${name}`] = weightedVote(score);
  return table;
}

export interface AccuracyRow {
  readonly method: string;
  readonly n: number;
  /** By level, easiest first. */
  readonly byLevel: readonly number[];
  readonly overall: Interval;
  /** Paired difference to majority with the same n, over problems. */
  readonly againstMajority: Interval;
}

const RESAMPLES = 1000;

export function accuracyRows(pool: readonly PooledProblem[], n: number, seed: number): AccuracyRow[] {
  const levels = [...new Set(pool.map((each) => each.level))].toSorted((a, b) => a - b);
  const table = choosers();
  return Object.entries(table).map(([method, choose]) => {
    const hits = pool.map(({ level, rollouts }) => ({
      level,
      hit: choose(rollouts.slice(0, n)),
      majority: table["majority"]!(rollouts.slice(0, n)),
    }));
    const rng = createRng(seed, "bootstrap", method);
    return {
      method,
      n,
      byLevel: levels.map((level) =>
        mean(hits.filter((each) => each.level === level).map((each) => each.hit)),
      ),
      overall: bootstrap(hits, (units) => mean(units.map((each) => each.hit)), rng, RESAMPLES),
      againstMajority: bootstrap(
        hits,
        (units) => mean(units.map((each) => each.hit - each.majority)),
        rng,
        RESAMPLES,
      ),
    };
  });
}

export interface AucRow {
  readonly score: string;
  /** Over all rollouts: rewards knowing which problems are hard. */
  readonly overall: number;
  /** Mean over problems that have both right and wrong rollouts: what choosing among candidates needs. */
  readonly withinProblem: Interval;
}

export function aucRows(pool: readonly PooledProblem[], seed: number): AucRow[] {
  return Object.entries(SCORES).map(([name, score]) => {
    const rollouts = pool.flatMap((each) => each.rollouts);
    const labels = rollouts.map((rollout) => rollout.correct);
    const within = pool
      .map((each) =>
        auc(
          each.rollouts.map(score),
          each.rollouts.map((rollout) => rollout.correct),
        ),
      )
      .filter((value) => value !== undefined);
    return {
      score: name,
      overall: auc(rollouts.map(score), labels) ?? Number.NaN,
      withinProblem: bootstrap(within, mean, createRng(seed, "auc", name), RESAMPLES),
    };
  });
}

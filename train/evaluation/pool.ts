/**
 * A recorded pool: problems with rollouts and every score a baseline may use. All sampling strategies without pruning
 * (first, majority, Best-of-N, weighted votes) are answered from one pool, so they see the same candidates.
 */
export interface Rollout {
  /** Canonical answer; undefined when the text did not finish or holds none. */
  readonly answer: string | undefined;
  readonly correct: boolean;
  readonly tokenCount: number;
  /** Natural log-probability of the solution under the policy. */
  readonly sumLogProb: number;
  readonly meanLogProb: number;
  /** Of the least likely token. */
  readonly minLogProb: number;
  /** Nats, over the tokens. */
  readonly meanEntropy: number;
  /** Natural log-probability of the solution under the PRM's reader, without its head. */
  readonly readerSumLogProb: number;
  /** The PRM's score of each step. */
  readonly prm: readonly number[];
  /** SWIFT's reward, unbounded. */
  readonly swift: number;
  /** The reward of the same head over log-prob and entropies alone. */
  readonly scalars: number;
}

export interface PooledProblem {
  readonly id: string;
  readonly level: number;
  readonly rollouts: readonly Rollout[];
}

/** A candidate's weight. */
export type Score = (rollout: Rollout) => number;

/** A way to choose among the first n rollouts: was the choice right? */
export type Chooser = (rollouts: readonly Rollout[]) => number;

/** What a vote looks at. */
type Ballot = Pick<Rollout, "answer" | "correct">;

const finished = <B extends Ballot>(rollouts: readonly B[]): readonly B[] =>
  rollouts.filter((rollout) => rollout.answer !== undefined);

/** Share of right rollouts: pass@1 with all the pool's evidence. */
export const passRate: Chooser = (rollouts) =>
  rollouts.filter((rollout) => rollout.correct).length / rollouts.length;

/** Whether any rollout is right. */
export const oracle: Chooser = (rollouts) => Number(rollouts.some((rollout) => rollout.correct));

/** The finished rollout with the highest score, the earlier on a tie. */
export function bestOf(score: Score): Chooser {
  return (rollouts) => {
    let best: Rollout | undefined;
    for (const rollout of finished(rollouts))
      if (best === undefined || score(rollout) > score(best)) best = rollout;
    return Number(best?.correct ?? false);
  };
}

/** The answer whose rollouts' scores add up highest, the earlier on a tie. */
export function weightedVote<B extends Ballot>(
  score: (ballot: B) => number,
): (rollouts: readonly B[]) => number {
  return (rollouts) => {
    const mass = new Map<string, { total: number; correct: boolean }>();
    for (const rollout of finished(rollouts)) {
      const entry = mass.get(rollout.answer!) ?? { total: 0, correct: rollout.correct };
      entry.total += score(rollout);
      mass.set(rollout.answer!, entry);
    }
    let best: { total: number; correct: boolean } | undefined;
    for (const entry of mass.values()) if (best === undefined || entry.total > best.total) best = entry;
    return Number(best?.correct ?? false);
  };
}

/** Every finished rollout counts the same. */
export const majority = weightedVote(() => 1);

/** From finished candidates to an answer, and how far to trust it. Pure. */
import { canonicalAnswer } from "../answer/canonical.js";
import { extractAnswer } from "../answer/extract.js";
import { fuse, type Fusion } from "./fusion.js";
import { type Path, pathNodes, stepScoresOf, valueOf } from "./path.js";
import type { Aggregation, AnswerVote, Candidate, Vote } from "./types.js";

/** A done path as a candidate. Its text is finished, so the last number may stand for an answer that was not marked. */
export function toCandidate(path: Path, aggregation: Aggregation): Candidate {
  const belief = valueOf(path, aggregation);
  // A product of rewards that may be negative would be in no order.
  const swiftScore = aggregation === "prod" ? undefined : valueOf(path, aggregation, "swift");
  const prmScore = valueOf(path, aggregation, "prm");
  const nodes = pathNodes(path);
  const logProbs = nodes.flatMap((node) => node.step.logProbs);
  const entropies = nodes.flatMap((node) => node.step.entropies);
  const answer = extractAnswer(path.text);
  return {
    nodeId: path.nodeId,
    firstNodeId: nodes[0]!.nodeId,
    answer: answer === undefined ? "" : canonicalAnswer(answer.text),
    score: belief,
    belief,
    ...(swiftScore !== undefined && { swiftScore }),
    ...(prmScore !== undefined && { prmScore }),
    text: path.text,
    stepScores: stepScoresOf(path)?.map(({ score }) => score) ?? [],
    tokenCount: path.tokenCount,
    meanLogProb: mean(logProbs),
    meanEntropy: mean(entropies),
    subtree: path.group.subtree,
  };
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export interface Tally {
  /** The winner first. */
  readonly votes: readonly AnswerVote[];
  readonly winner: Candidate | undefined;
  readonly confidence: number;
  /** What all votes weigh together: their number, or where scores count the sum of these. */
  readonly mass: number;
}

interface Camp {
  readonly answer: string;
  readonly best: Candidate;
  readonly mass: number;
  readonly count: number;
}

/**
 * The vote. Ties go to the higher score, then to the lower first node, so that arrival times never decide. When some
 * candidates have scores and others, for want of budget, do not, only the scored ones vote.
 *
 * Confidence is the winner's share of the vote, times
 * - weighted and max: the belief in the winner's best (a wide lead among candidates that the verifier finds wrong is worth
 *   little);
 * - majority, or nothing scored: c / (c + 1) for c candidates, `cut` paths that met a limit unfinished included as votes against: one
 *   imaginary dissenter, so that a single sample is worth 1/2.
 */
export function tally(finished: readonly Candidate[], vote: Vote, cut: number, fusion?: Fusion): Tally {
  const answered = fuseCandidates(finished, fusion).filter((candidate) => candidate.answer !== "");
  const scored = answered.filter((candidate) => candidate.score !== undefined);
  const isWeighted = vote !== "majority" && scored.length > 0;
  const voters = isWeighted ? scored : answered;
  if (voters.length === 0) return { votes: [], winner: undefined, confidence: 0, mass: 0 };
  const camps = campsOf(voters, isWeighted).sort(byVote(vote));
  const total = camps.reduce((sum, camp) => sum + camp.mass, 0);
  const share = (camp: Camp): number => (total > 0 ? camp.mass / total : 1 / camps.length);
  const first = camps[0]!;
  const trust = isWeighted ? first.best.belief! : finished.length / (finished.length + cut + 1);
  return {
    votes: camps.map((camp) => ({ answer: camp.answer, share: share(camp), count: camp.count })),
    winner: first.best,
    confidence: share(first) * trust,
    mass: total,
  };
}

/**
 * With fusion, each candidate's score among all of them, those without an answer included; undefined for one that both
 * models did not score.
 */
export function fuseCandidates(finished: readonly Candidate[], fusion?: Fusion): readonly Candidate[] {
  if (fusion === undefined) return finished;
  const inOrder = [...finished].sort(byNode);
  const scores = fuse(
    fusion,
    inOrder.map(({ swiftScore: swift, prmScore: prm }) =>
      swift === undefined || prm === undefined ? undefined : { swift, prm },
    ),
  );
  return inOrder.map((candidate, i) => ({ ...candidate, score: scores[i] }));
}

/** Best first: higher score, then lower first node, then lower node. */
export function bestFirst(a: Candidate, b: Candidate): number {
  return (b.score ?? 0) - (a.score ?? 0) || byNode(a, b);
}

function byNode(a: Candidate, b: Candidate): number {
  return a.firstNodeId - b.firstNodeId || a.nodeId - b.nodeId;
}

function campsOf(voters: readonly Candidate[], isWeighted: boolean): Camp[] {
  const camps = new Map<string, Camp>();
  // In the order of bestFirst: sums do not depend on arrival, and the first of a camp is its best.
  for (const candidate of [...voters].sort(bestFirst)) {
    const { best, mass, count } = camps.get(candidate.answer) ?? { best: candidate, mass: 0, count: 0 };
    const weight = isWeighted ? candidate.score! : 1;
    camps.set(candidate.answer, { answer: candidate.answer, best, mass: mass + weight, count: count + 1 });
  }
  return [...camps.values()];
}

function byVote(vote: Vote): (a: Camp, b: Camp) => number {
  return (a, b) => (vote === "max" ? 0 : b.mass - a.mass) || bestFirst(a.best, b.best);
}

/** Below this, an answer is less likely right than wrong. */
const TRUSTWORTHY = 0.5;

/** Why the answer should not be relied on, in one sentence; undefined when it may be. */
export function warningFor(
  { votes, winner, confidence }: Tally,
  finished: number,
  cut: number,
): string | undefined {
  if (winner === undefined)
    return finished === 0
      ? "No candidate finished, so there is no answer; a larger budget may help."
      : `None of the ${finished} finished candidates holds an answer; the problem seems to be beyond the policy.`;
  if (confidence >= TRUSTWORTHY) return undefined;
  const percent = (value: number): string => `${Math.round(100 * value)} %`;
  const reasons: string[] = [];
  if (votes[0]!.share < TRUSTWORTHY)
    reasons.push(`the candidates disagree (${percent(votes[0]!.share)} of the vote)`);
  if (winner.belief !== undefined && winner.belief < TRUSTWORTHY)
    reasons.push(`the verifier doubts the solution (score ${winner.belief.toFixed(2)})`);
  if (cut > 0) reasons.push(`${cut} of ${cut + finished} solutions did not come to an end`);
  if (reasons.length === 0)
    reasons.push(`${finished === 1 ? "one candidate" : `${finished} candidates`} cannot settle it`);
  return `Confidence is ${percent(confidence)}: ${reasons.join(", and ")}; the problem may be beyond the policy.`;
}

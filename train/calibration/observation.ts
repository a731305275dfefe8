/** What was measured of one problem, and the parts of it that other searches would have had. Pure. */
import type { Candidate } from "#verifier/search/types.js";
import type { CandidateRecord, SolveRecord, Spent } from "../strategies/solve-record.js";

export interface Observation {
  readonly id: string;
  readonly pool: SolveRecord;
  readonly greedy: SolveRecord;
  /** By their arms' names. */
  readonly searches: ReadonlyMap<string, SolveRecord>;
  /** All hidden states at the prompt's last token; unset where no generator could be asked. */
  readonly promptState?: Float32Array;
}

/** `records`: one for each of the layout's arms, in their order. */
export function toObservation(
  id: string,
  records: readonly SolveRecord[],
  promptState: Float32Array | undefined,
): Observation {
  return {
    id,
    pool: records[0]!,
    greedy: records.at(-1)!,
    searches: new Map(records.slice(1, -1).map((record) => [record.arm, record])),
    ...(promptState && { promptState }),
  };
}

/** Some of a Solve's candidates and what they cost. */
export interface Part {
  readonly candidates: readonly CandidateRecord[];
  readonly generatedTokens: number;
  /** That the verifier read of these; the problem's own are not among them. */
  readonly verifierTokens: number;
}

/** Of both models. If the verifier reads anything, it reads the problem once, which is as long for it as for the policy. */
export function costOf({ pool }: Observation, { generatedTokens, verifierTokens }: Part): number {
  return generatedTokens + verifierTokens + (verifierTokens > 0 ? pool.spent.promptTokens : 0);
}

const readTokens = ({ verifierTokens, promptTokens }: Spent): number =>
  Math.max(0, verifierTokens - promptTokens);

/**
 * `count` samples of the pool, from `from` on, around its end. Which samples did not finish is not recorded, only how
 * many: they are taken to be spread evenly. Without any the part is exact.
 */
export function samplesOf({ pool }: Observation, samples: number, from: number, count: number): Part {
  const { candidates, spent } = pool;
  const finished = candidates.length;
  const place = (sample: number): number => Math.round((sample * finished) / samples);
  const own = Array.from(
    { length: place(from + count) - place(from) },
    (_, i) => candidates[(place(from) + i) % finished]!,
  );
  const unfinishedTokens = spent.generatedTokens - tokensOf(candidates);
  const generatedTokens = tokensOf(own) + (unfinishedTokens * count) / samples;
  return {
    candidates: own,
    generatedTokens,
    verifierTokens:
      spent.generatedTokens === 0 ? 0 : (generatedTokens * readTokens(spent)) / spent.generatedTokens,
  };
}

/** As if the verifier had not read it. */
export const unreadOf = ({ candidates, generatedTokens }: Part): Part => ({
  candidates: candidates.map((candidate) => ({ ...candidate, score: null })),
  generatedTokens,
  verifierTokens: 0,
});

const tokensOf = (candidates: readonly CandidateRecord[]): number =>
  candidates.reduce((total, { tokens }) => total + tokens, 0);

/** `count` of a Solve's independent `subtrees`, from `from` (0 is the first) on, around its end; at their share of its cost. */
export function subtreesOf(record: SolveRecord, subtrees: number, from: number, count: number): Part {
  const isIn = ({ subtree }: CandidateRecord): boolean => (subtree - 1 - from + subtrees) % subtrees < count;
  return {
    candidates: record.candidates.filter(isIn),
    generatedTokens: (record.spent.generatedTokens * count) / subtrees,
    verifierTokens: (readTokens(record.spent) * count) / subtrees,
  };
}

export const wholeOf = ({ candidates, spent }: SolveRecord): Part => ({
  candidates,
  generatedTokens: spent.generatedTokens,
  verifierTokens: readTokens(spent),
});

/** The share of right samples among all but `except`, those that did not finish included. */
export function passRateOf({ pool }: Observation, samples: number, except?: Part, drawn = 0): number {
  const right = (candidates: readonly CandidateRecord[]): number =>
    candidates.filter(({ correct }) => correct).length;
  return (right(pool.candidates) - right(except?.candidates ?? [])) / (samples - drawn);
}

/** As the search votes on them. */
export function toVoters(records: readonly CandidateRecord[]): Candidate[] {
  return records.map(({ answer, score, tokens, meanLogProb, meanEntropy, subtree }, index) => {
    const belief = score ?? undefined;
    return {
      nodeId: index,
      firstNodeId: index,
      answer,
      score: belief,
      belief,
      text: "",
      stepScores: [],
      tokenCount: tokens,
      meanLogProb,
      meanEntropy,
      subtree,
    };
  });
}

/** Problems as if they had been recorded, in a world whose rules the test makes. */
import { createRng, type Rng } from "#shared/rng.js";
import { armsOf, type Layout } from "#train/calibration/layout.js";
import { type Observation, toObservation } from "#train/calibration/observation.js";
import type { CandidateRecord, SolveRecord } from "#train/strategies/solve-record.js";

const TOKENS = 10;

export function candidate(fields: Partial<CandidateRecord> = {}): CandidateRecord {
  const { correct = true } = fields;
  return {
    answer: correct ? "right" : "wrong",
    correct,
    score: correct ? 0.9 : 0.1,
    meanLogProb: -0.5,
    meanEntropy: 0.5,
    tokens: TOKENS,
    subtree: 0,
    ...fields,
  };
}

/** The verifier reads every token once; of a greedy answer none. */
export function solve(
  arm: string,
  candidates: readonly CandidateRecord[],
  id = "p",
  generatedTokens = TOKENS * candidates.length,
): SolveRecord {
  const verifierTokens = arm === "greedy@1" ? 0 : generatedTokens;
  const tokens = { generatedTokens, keptTokens: generatedTokens, prunedTokens: 0, cancelledTokens: 0 };
  return {
    id,
    level: null,
    arm,
    seed: 0,
    answer: "",
    correct: false,
    confidence: 0,
    estimatedPassRate: null,
    stopReason: "finished",
    strategy: arm.split("@")[0]!,
    row: "requested",
    spent: { ...tokens, promptTokens: 0, verifierTokens, flops: 0, wallMs: 0 },
    candidates,
  };
}

export interface Rules {
  /** Of each sample, that it is right. */
  readonly passRate: number;
  /** Of each candidate of a search. */
  readonly searchRate: number;
  /** Of the greedy answer; unset: as of a sample. */
  readonly greedyRate?: number;
  readonly promptState?: Float32Array;
}

/** Wrong answers differ; the verifier is right about three in four of what it reads. */
export function recordedProblems(
  count: number,
  layout: Layout,
  rulesOf: (problem: number, rng: Rng) => Rules,
  seed = 1,
): Observation[] {
  return Array.from({ length: count }, (_, i) => {
    const rng = createRng(seed, "recorded problem", i);
    const { passRate, searchRate, greedyRate = passRate, promptState } = rulesOf(i, rng);
    const rateOf = (name: string): number =>
      name === "greedy@1" ? greedyRate : name.startsWith("bon@") ? passRate : searchRate;
    const id = `problem-${i}`;
    const records = armsOf(layout).map(({ name, n = 1, beamWidth = 1 }) =>
      solve(
        name,
        Array.from({ length: n }, (_each, k) => drawn(rng, rateOf(name), Math.floor(k / beamWidth) + 1)),
        id,
      ),
    );
    return toObservation(id, records, promptState);
  });
}

function drawn(rng: Rng, rate: number, subtree: number): CandidateRecord {
  const correct = rng.next() < rate;
  const isBelieved = rng.next() < (correct ? 0.75 : 0.25);
  return candidate({
    correct,
    answer: correct ? "right" : `wrong ${rng.int(1000)}`,
    score: isBelieved ? 0.8 : 0.2,
    meanEntropy: 0.5 + 0.1 * rng.normal(),
    subtree,
  });
}

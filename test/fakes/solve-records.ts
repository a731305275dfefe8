/** Records and arms with the few numbers that a test is about. */
import { type Arm, toArm } from "#train/strategies/arm.js";
import type { CandidateRecord, SolveRecord, Spent } from "#train/strategies/solve-record.js";

export function candidate(fields: Partial<CandidateRecord> = {}): CandidateRecord {
  return {
    answer: "1",
    correct: false,
    score: null,
    meanLogProb: -1,
    meanEntropy: 1,
    tokens: 10,
    subtree: 0,
    ...fields,
  };
}

export function solve(
  fields: Partial<Omit<SolveRecord, "spent">> & { readonly spent?: Partial<Spent> } = {},
): SolveRecord {
  return {
    id: "p",
    level: null,
    arm: "majority@1",
    seed: 0,
    answer: "1",
    correct: false,
    confidence: 0.5,
    estimatedPassRate: null,
    stopReason: "finished",
    strategy: "majority",
    row: "requested",
    candidates: [],
    ...fields,
    spent: {
      promptTokens: 0,
      generatedTokens: 0,
      keptTokens: 0,
      prunedTokens: 0,
      cancelledTokens: 0,
      verifierTokens: 0,
      flops: 0,
      wallMs: 0,
      ...fields.spent,
    },
  };
}

/** One solve a problem; `tokens` generated tokens each, 10 FLOPs and a millisecond a token. */
export function armOf(name: string, tokens: number, right: readonly boolean[]): Arm {
  const solves = right.map((correct, i) =>
    solve({
      id: `p${i}`,
      level: (i % 2) + 1,
      arm: name,
      correct,
      spent: { generatedTokens: tokens, flops: 10 * tokens, wallMs: tokens },
    }),
  );
  return toArm(name.split("@")[0]!, name, solves);
}

/** The flags of `solve` as a SolveRequest. */
import type { Budget } from "#shared/rpc/gen/deliberate/v1/Budget.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { SamplingFlags } from "../options/sampling.js";
import type { VoteChoice } from "../parse/vote.js";
import { toSampling } from "./sampling.js";
import { fromWord } from "./words.js";

export interface BudgetFlags {
  /** Generated tokens. */
  readonly budget?: number;
  /** Of both models together. */
  readonly tokens?: number;
  readonly timeoutMs?: number;
}

export interface SolveFlags extends SamplingFlags, BudgetFlags, VoteChoice {
  readonly strategy?: string;
  readonly n?: number;
  readonly beamWidth?: number;
  readonly verifier?: string;
  /** Of one candidate. */
  readonly maxTokens?: number;
  readonly seed?: number;
  readonly priority?: number;
  readonly cacheSalt?: string;
  readonly rejectBelow?: number;
}

export function toSolveRequest(problem: string, flags: SolveFlags): SolveRequest {
  const {
    strategy,
    n,
    beamWidth,
    verifier,
    aggregation,
    vote,
    maxTokens,
    seed,
    priority,
    cacheSalt,
    rejectBelow,
  } = flags;
  return {
    problem,
    sampling: toSampling(flags),
    budget: toBudget(flags),
    ...(strategy !== undefined && { strategy: fromWord("strategy", strategy) as never }),
    ...(n !== undefined && { n }),
    ...(beamWidth !== undefined && { beamWidth }),
    ...(verifier !== undefined && { verifier: fromWord("verifier", verifier) as never }),
    ...(aggregation !== undefined && { aggregation: fromWord("aggregation", aggregation) as never }),
    ...(vote !== undefined && { vote: fromWord("vote", vote) as never }),
    ...(maxTokens !== undefined && { maxSolutionTokens: maxTokens }),
    ...(seed !== undefined && { seed }),
    ...(priority !== undefined && { priority }),
    ...(cacheSalt !== undefined && { cacheSalt }),
    ...(rejectBelow !== undefined && { rejectBelow }),
  };
}

export function toBudget({ budget, tokens, timeoutMs }: BudgetFlags): Budget {
  return {
    ...(tokens !== undefined && { tokens }),
    ...(budget !== undefined && { generatedTokens: budget }),
    ...(timeoutMs !== undefined && {
      wallTime: { seconds: Math.floor(timeoutMs / 1e3), nanos: Math.round((timeoutMs % 1e3) * 1e6) },
    }),
  };
}

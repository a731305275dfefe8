/** What a search hands back, and what it cost. Pure. */
import type { PolicyUsage, ScorerUsage } from "../ports.js";
import type { Frontier } from "./frontier.js";
import type { SearchPlan, SearchResult, StopReason } from "./types.js";
import { bestFirst, tally, warningFor } from "./vote.js";

export interface Cost {
  readonly policy: PolicyUsage;
  readonly scorer: ScorerUsage;
  readonly wallMs: number;
}

export function toResult(
  frontier: Frontier,
  plan: SearchPlan,
  stopReason: StopReason,
  cost: Cost,
): SearchResult {
  const { candidates, cut } = frontier;
  const outcome = tally(candidates, plan.vote, cut);
  const warning = warningFor(outcome, candidates.length, cut);
  const { kept, pruned } = frontier.tokens();
  const { promptTokens, cachedPromptTokens, generatedTokens, flops } = cost.policy;
  return {
    answer: outcome.winner?.answer ?? "",
    solution: outcome.winner?.text ?? "",
    confidence: outcome.confidence,
    votes: outcome.votes,
    candidates: [...candidates].sort(bestFirst),
    plan,
    usage: {
      promptTokens,
      cachedPromptTokens,
      generatedTokens,
      keptTokens: kept,
      prunedTokens: pruned,
      // All that the policy generated and no completed step accounts for.
      cancelledTokens: generatedTokens - kept - pruned,
      verifierTokens: cost.scorer.verifierTokens,
      flops: flops + cost.scorer.flops,
      wallMs: cost.wallMs,
    },
    stopReason,
    ...(warning !== undefined && { warning }),
  };
}

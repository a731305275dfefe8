/** What a search hands back, and what it cost. Pure. */
import type { AuditReport, PolicyUsage, ScorerUsage } from "../ports.js";
import type { Frontier } from "./frontier.js";
import { fusionOf } from "./fusion.js";
import type { BudgetResource, SearchPlan, SearchResult } from "./types.js";
import { bestFirst, fuseCandidates, warningFor } from "./vote.js";

export interface Cost {
  readonly policy: PolicyUsage;
  readonly scorer: ScorerUsage;
  readonly wallMs: number;
  readonly audit: AuditReport | undefined;
}

export function toResult(
  frontier: Frontier,
  plan: SearchPlan,
  end: Pick<SearchResult, "stopReason"> & { readonly exhausted: BudgetResource | undefined },
  cost: Cost,
): SearchResult {
  const { candidates, cut } = frontier;
  const fusion = fusionOf(plan.verifier);
  const outcome = frontier.outcome(plan);
  const warning = warningFor(outcome, candidates.length, cut);
  const { kept, pruned } = frontier.tokens();
  const { promptTokens, cachedPromptTokens, generatedTokens, flops } = cost.policy;
  return {
    answer: outcome.winner?.answer ?? "",
    solution: outcome.winner?.text ?? "",
    confidence: outcome.confidence,
    votes: outcome.votes,
    candidates: fuseCandidates(candidates, fusion).toSorted(bestFirst),
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
    stopReason: end.stopReason,
    ...(end.exhausted !== undefined && { exhausted: end.exhausted }),
    ...(warning !== undefined && { warning }),
    ...(cost.audit !== undefined && { audit: cost.audit }),
  };
}

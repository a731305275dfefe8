/** Solve's messages as the events that the command line prints and draws. */
import type { Candidate__Output } from "#shared/rpc/gen/deliberate/v1/Candidate.js";
import type { SearchPlan__Output } from "#shared/rpc/gen/deliberate/v1/SearchPlan.js";
import type { SearchUsage__Output } from "#shared/rpc/gen/deliberate/v1/SearchUsage.js";
import type { Solved__Output } from "#shared/rpc/gen/deliberate/v1/Solved.js";
import type { SwiftAudit__Output } from "#shared/rpc/gen/deliberate/v1/SwiftAudit.js";
import type { SolveResponse__Output } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type {
  AuditShape,
  CandidateShape,
  PlanShape,
  SolvedEvent,
  SolveEvent,
  UsageShape,
} from "../events.js";
import { toWord } from "./words.js";

/** Undefined for an event of a newer server that this version does not know. */
export function toSolveEvent(message: SolveResponse__Output): SolveEvent | undefined {
  if (message.planChosen) return { event: "plan_chosen", plan: toPlan(message.planChosen.plan) };
  if (message.nodeAdded) {
    const node = message.nodeAdded;
    return {
      event: "node_added",
      node_id: node.nodeId,
      parent_id: node.parentId,
      depth: node.depth,
      subtree: node.subtree,
      text: node.text,
      finish_reason: toWord("finishReason", node.finishReason),
      token_count: node.tokenCount,
      mean_log_prob: node.meanLogProb,
      mean_entropy: node.meanEntropy,
    };
  }
  if (message.nodeScored) {
    const { nodeId, score, swiftScore = null, prmScore = null } = message.nodeScored;
    return { event: "node_scored", node_id: nodeId, score, swift_score: swiftScore, prm_score: prmScore };
  }
  if (message.nodePruned)
    return { event: "node_pruned", node_id: message.nodePruned.nodeId, reason: message.nodePruned.reason };
  if (message.bestSoFar) {
    const { answer, confidence, finishedCandidates } = message.bestSoFar;
    return { event: "best_so_far", answer, confidence, finished_candidates: finishedCandidates };
  }
  return message.solved ? toSolved(message.solved) : undefined;
}

function toSolved(solved: Solved__Output): SolvedEvent {
  return {
    event: "solved",
    answer: solved.answer,
    solution: solved.solution,
    confidence: solved.confidence,
    plan: toPlan(solved.plan),
    candidates: solved.candidates.map(toCandidate),
    votes: solved.votes.map(({ answer, share, count }) => ({ answer, share, count })),
    usage: toUsage(solved.usage),
    stop_reason: toWord("stopReason", solved.stopReason),
    exhausted: toWord("budgetResource", solved.exhausted),
    warning: solved.warning,
    audit: solved.audit ? toAudit(solved.audit) : null,
  };
}

function toAudit({ stepsAudited, mismatches, maxDifference }: SwiftAudit__Output): AuditShape {
  return { steps_audited: stepsAudited, mismatches, max_difference: maxDifference };
}

function toCandidate(candidate: Candidate__Output): CandidateShape {
  return {
    answer: candidate.answer,
    score: candidate.score ?? null,
    text: candidate.text,
    node_id: candidate.nodeId,
    step_scores: candidate.stepScores,
    mean_log_prob: candidate.meanLogProb,
    swift_score: candidate.swiftScore ?? null,
    prm_score: candidate.prmScore ?? null,
    mean_entropy: candidate.meanEntropy,
    token_count: candidate.tokenCount,
    subtree: candidate.subtree,
  };
}

export function toPlan(plan: SearchPlan__Output | null): PlanShape {
  return {
    strategy: toWord("strategy", plan?.strategy),
    n: plan?.n ?? 0,
    beam_width: plan?.beamWidth ?? 0,
    verifier: toWord("verifier", plan?.verifier),
    aggregation: toWord("aggregation", plan?.aggregation),
    vote: toWord("vote", plan?.vote),
    temperature: plan?.temperature ?? 0,
    row: plan?.row ?? "",
    reason: plan?.reason ?? "",
    reject_below: plan?.rejectBelow ?? 0,
    estimated_pass_rate: plan?.estimatedPassRate ?? null,
    calibrated: plan?.calibrated ?? false,
  };
}

function toUsage(usage: SearchUsage__Output | null): UsageShape {
  return {
    prompt_tokens: usage?.promptTokens ?? 0,
    cached_prompt_tokens: usage?.cachedPromptTokens ?? 0,
    generated_tokens: usage?.generatedTokens ?? 0,
    kept_tokens: usage?.keptTokens ?? 0,
    pruned_tokens: usage?.prunedTokens ?? 0,
    cancelled_tokens: usage?.cancelledTokens ?? 0,
    verifier_tokens: usage?.verifierTokens ?? 0,
    flops: usage?.flops ?? 0,
    wall_ms: 1e3 * (usage?.wallTime?.seconds ?? 0) + (usage?.wallTime?.nanos ?? 0) / 1e6,
  };
}

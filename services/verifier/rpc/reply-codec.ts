/** The search's events and result as messages. */
import type { Candidate as ProtoCandidate } from "#shared/rpc/gen/deliberate/v1/Candidate.js";
import type { SearchPlan as ProtoPlan } from "#shared/rpc/gen/deliberate/v1/SearchPlan.js";
import type { SearchUsage as ProtoUsage } from "#shared/rpc/gen/deliberate/v1/SearchUsage.js";
import type { Solved } from "#shared/rpc/gen/deliberate/v1/Solved.js";
import type { SolveResponse } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type { FinishReason } from "../ports.js";
import type {
  BudgetResource,
  Candidate,
  SearchEvent,
  SearchPlan,
  SearchResult,
  SearchUsage,
} from "../search/types.js";

const strategies = {
  greedy: "STRATEGY_GREEDY",
  majority: "STRATEGY_MAJORITY",
  best_of_n: "STRATEGY_BEST_OF_N",
  beam: "STRATEGY_BEAM",
  dvts: "STRATEGY_DVTS",
  early_rejection: "STRATEGY_EARLY_REJECTION",
  rebase: "STRATEGY_REBASE",
  particle_filtering: "STRATEGY_PARTICLE_FILTERING",
} as const satisfies Record<SearchPlan["strategy"], string>;

const verifiers = {
  prm: "VERIFIER_PRM",
  swift: "VERIFIER_SWIFT",
  rank: "VERIFIER_RANK_FUSION",
  scaled: "VERIFIER_SCALED_FUSION",
  none: "VERIFIER_NONE",
} as const satisfies Record<SearchPlan["verifier"], string>;

const aggregations = {
  last: "SCORE_AGGREGATION_LAST",
  min: "SCORE_AGGREGATION_MIN",
  mean: "SCORE_AGGREGATION_MEAN",
  prod: "SCORE_AGGREGATION_PROD",
} as const satisfies Record<SearchPlan["aggregation"], string>;

const votes = {
  weighted: "VOTE_WEIGHTED",
  max: "VOTE_MAX",
  majority: "VOTE_MAJORITY",
} as const satisfies Record<SearchPlan["vote"], string>;

const finishReasons = {
  step: "FINISH_REASON_STEP",
  eos: "FINISH_REASON_EOS",
  stop: "FINISH_REASON_STOP",
  length: "FINISH_REASON_LENGTH",
  cancelled: "FINISH_REASON_CANCELLED",
} as const satisfies Record<FinishReason, string>;

const stopReasons = {
  finished: "STOP_REASON_FINISHED",
  decided: "STOP_REASON_DECIDED",
  budget: "STOP_REASON_BUDGET",
  deadline: "STOP_REASON_DEADLINE",
  depth: "STOP_REASON_DEPTH",
  gave_up: "STOP_REASON_GAVE_UP",
} as const satisfies Record<SearchResult["stopReason"], string>;

const resources = {
  generated_tokens: "BUDGET_RESOURCE_GENERATED_TOKENS",
  verifier_tokens: "BUDGET_RESOURCE_VERIFIER_TOKENS",
  tokens: "BUDGET_RESOURCE_TOKENS",
  flops: "BUDGET_RESOURCE_FLOPS",
  wall_time: "BUDGET_RESOURCE_WALL_TIME",
} as const satisfies Record<BudgetResource, string>;

export function fromEvent(event: SearchEvent): SolveResponse {
  switch (event.type) {
    case "plan_chosen":
      return { planChosen: { plan: fromPlan(event.plan) } };
    case "node_added": {
      const { type: _, finishReason, ...node } = event;
      return { nodeAdded: { ...node, finishReason: finishReasons[finishReason] } };
    }
    case "node_scored":
      return { nodeScored: { nodeId: event.nodeId, score: event.score, ...fromParts(event) } };
    case "node_pruned":
      return { nodePruned: { nodeId: event.nodeId, reason: event.reason } };
    default: {
      const { answer, confidence, finishedCandidates } = event;
      return { bestSoFar: { answer, confidence, finishedCandidates } };
    }
  }
}

export function fromPlan(plan: SearchPlan): ProtoPlan {
  return {
    ...plan,
    strategy: strategies[plan.strategy],
    verifier: verifiers[plan.verifier],
    aggregation: aggregations[plan.aggregation],
    vote: votes[plan.vote],
  };
}

export function fromResult({ plan, usage, stopReason, exhausted, candidates, ...result }: SearchResult): {
  solved: Solved;
} {
  return {
    solved: {
      ...result,
      votes: [...result.votes],
      candidates: candidates.map(fromCandidate),
      plan: fromPlan(plan),
      usage: fromUsage(usage),
      stopReason: stopReasons[stopReason],
      ...(exhausted !== undefined && { exhausted: resources[exhausted] }),
    },
  };
}

function fromCandidate(candidate: Candidate): ProtoCandidate {
  const {
    nodeId,
    answer,
    score,
    swiftScore: swift,
    prmScore: prm,
    text,
    stepScores,
    meanLogProb,
    meanEntropy,
    tokenCount,
    subtree,
  } = candidate;
  return {
    nodeId,
    answer,
    text,
    stepScores: [...stepScores],
    meanLogProb,
    meanEntropy,
    tokenCount,
    subtree,
    ...(score !== undefined && { score }),
    ...fromParts({ swift, prm }),
  };
}

/** What is unset stays unset. */
function fromParts({
  swift,
  prm,
}: {
  readonly swift?: number | undefined;
  readonly prm?: number | undefined;
}) {
  return {
    ...(swift !== undefined && { swiftScore: swift }),
    ...(prm !== undefined && { prmScore: prm }),
  };
}

function fromUsage({ wallMs, ...tokens }: SearchUsage): ProtoUsage {
  const seconds = Math.floor(wallMs / 1000);
  return { ...tokens, wallTime: { seconds, nanos: Math.floor((wallMs - 1000 * seconds) * 1e6) } };
}

/** What the verifier tells about its searches and its PRM, under which names. Numbers; never a problem or an answer. */
import { DURATION_BOUNDS_S, type Metrics } from "#shared/telemetry/metrics.js";
import type { Admission } from "./rpc/limits.js";
import type { EndedSolve } from "./rpc/solve.js";
import type { PrmScorer } from "./score/prm/prm-host.js";
import type { SwiftAuditor } from "./score/swift/audit.js";
import type { SearchUsage } from "./search/types.js";

export function observeSearches(metrics: Metrics, admission: Admission): void {
  metrics.observe(
    () => admission,
    [
      {
        kind: "gauge",
        name: "deliberate.verifier.searches.running",
        unit: "{search}",
        description: "Solve and Score calls that run.",
        read: ({ running }) => running,
      },
      {
        kind: "gauge",
        name: "deliberate.verifier.searches.limit",
        unit: "{search}",
        description: "Solve and Score calls that may run at the same time.",
        read: ({ max }) => max,
      },
    ],
  );
}

export function observePrm(metrics: Metrics, prm: PrmScorer): void {
  metrics.observe(
    () => prm.stats(),
    [
      {
        kind: "gauge",
        name: "deliberate.verifier.prm.sessions",
        unit: "{session}",
        description: "Scoring sessions of the PRM, those that are opening included.",
        read: ({ sessions }) => sessions,
      },
      {
        kind: "gauge",
        name: "deliberate.verifier.prm.steps.waiting",
        unit: "{step}",
        description: "Steps without a score yet, those that the PRM reads now included.",
        read: ({ waitingSteps }) => waitingSteps,
      },
      {
        kind: "gauge",
        name: "deliberate.verifier.prm.kv",
        unit: "By",
        description: "Keys and values that the PRM keeps, and its batch's buffers.",
        read: ({ usedKvBytes }) => usedKvBytes,
      },
    ],
  );
}

/** A mismatch means that the policy evaluates a head wrongly: what an operator wants to be woken for. */
export function observeAudits(metrics: Metrics, auditor: SwiftAuditor): void {
  metrics.observe(
    () => auditor.counts,
    [
      {
        kind: "counter",
        name: "deliberate.verifier.swift.audited_steps",
        unit: "{step}",
        description: "Steps whose SWIFT reward was computed a second time, from the policy's hidden states.",
        read: ({ stepsAudited }) => stepsAudited,
      },
      {
        kind: "counter",
        name: "deliberate.verifier.swift.audit_mismatches",
        unit: "{step}",
        description: "Of these, steps whose two rewards were further apart than rounding explains.",
        read: ({ mismatches }) => mismatches,
      },
    ],
  );
}

/** What a search cost is known when it came to its end: one that failed or was cancelled counts as a solve only. */
export function createSolveRecorder(metrics: Metrics): (solve: EndedSolve) => void {
  const countSolve = metrics.counter({
    name: "deliberate.verifier.solves",
    unit: "{solve}",
    description: "Searches that are over, by the strategy asked for, how they ended and what stopped them.",
  });
  const recordDuration = metrics.histogram(
    { name: "deliberate.verifier.solve.duration", unit: "s", description: "Duration of searches." },
    DURATION_BOUNDS_S,
  );
  const countUsage = createUsageCounter(metrics);
  return ({ strategy, outcome, result, ms }) => {
    countSolve(1, { strategy, outcome, ...(result && { stop_reason: result.stopReason }) });
    recordDuration(ms / 1000, { strategy, outcome });
    if (result !== undefined) countUsage(result.usage);
  };
}

type Cost = Pick<SearchUsage, "keptTokens" | "prunedTokens" | "cancelledTokens" | "verifierTokens" | "flops">;

function createUsageCounter(metrics: Metrics): (cost: Cost) => void {
  const countGenerated = metrics.counter({
    name: "deliberate.verifier.generated_tokens",
    unit: "{token}",
    description: "Tokens that searches had the policy write, by what became of them.",
  });
  const countVerifier = metrics.counter({
    name: "deliberate.verifier.verifier_tokens",
    unit: "{token}",
    description: "Tokens that the PRM read for searches.",
  });
  const countFlops = metrics.counter({
    name: "deliberate.verifier.flops",
    unit: "{operation}",
    description: "Floating-point operations that searches took, both models together.",
  });
  const count = ({ keptTokens, prunedTokens, cancelledTokens, verifierTokens, flops }: Cost): void => {
    countGenerated(keptTokens, { fate: "kept" });
    countGenerated(prunedTokens, { fate: "pruned" });
    countGenerated(cancelledTokens, { fate: "cancelled" });
    countVerifier(verifierTokens);
    countFlops(flops);
  };
  // From zero: a counter that first appears with a value has no rate.
  count({ keptTokens: 0, prunedTokens: 0, cancelledTokens: 0, verifierTokens: 0, flops: 0 });
  return count;
}

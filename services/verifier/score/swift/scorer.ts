/**
 * SWIFT as a step scorer: the policy evaluates the head's two dot products as it generates, here a path's two sums are
 * kept per node. A step's score is sigmoid(R) of its whole path. R was trained on full solutions only, so the score of
 * a partial one ranks paths but is not calibrated.
 */
import { ServiceError } from "#shared/errors.js";
import type {
  AuditReport,
  NodeId,
  PolicyInfo,
  ScorerSession,
  StepSample,
  StepScore,
  StepScorer,
} from "../../ports.js";
import { toScore } from "../probability.js";
import { type AuditedSums, EMPTY_AUDIT, type SwiftAudit, type SwiftAuditor } from "./audit.js";
import type { SwiftHead } from "./head-file.js";
import {
  addTokens,
  EMPTY_SUMS,
  outputsOf,
  readsScalars,
  scalarsOf,
  type SwiftSums,
  swiftReward,
  type SwiftWeights,
} from "./head.js";
import { toProbe } from "./probe.js";
import { assertHeadFits, assertSamplingFits } from "./provenance.js";

/** @throws ServiceError `failed_precondition`, SWIFT_HEAD_MISMATCH: the head was not made for this policy. */
export function createSwiftScorer(head: SwiftHead, policy: PolicyInfo, auditor?: SwiftAuditor): StepScorer {
  assertHeadFits(head, policy);
  const probe = toProbe(head, policy);
  return {
    name: "swift",
    probes: [probe],
    readsBareEnds: true,
    sampling: {
      temperature: head.provenance.sampling.temperature,
      assertFits: (sampling) => assertSamplingFits(head, policy, sampling),
    },
    open: async () => new SwiftSession(head, probe.shape[1], auditor?.next(policy)),
  };
}

interface Path {
  readonly sums: SwiftSums;
  /** By the audit's route; unused without one. */
  readonly audited: AuditedSums;
  readonly children: NodeId[];
}

class SwiftSession implements ScorerSession {
  readonly needsHiddenStates: boolean;
  readonly #head: SwiftWeights;
  readonly #flopsPerToken: number;
  readonly #audit: SwiftAudit | undefined;
  readonly #paths = new Map<NodeId, Path>([[0, { sums: EMPTY_SUMS, audited: EMPTY_AUDIT, children: [] }]]);
  #flops = 0;
  #closed = false;

  constructor(head: SwiftWeights, width: number, audit: SwiftAudit | undefined) {
    this.#head = head;
    this.#flopsPerToken = 2 * outputsOf(head) * width;
    this.#audit = audit;
    this.needsHiddenStates = audit !== undefined;
  }

  async score(steps: readonly StepSample[]): Promise<readonly StepScore[]> {
    return steps.map((step) => this.#score(step));
  }

  prune(nodeIds: readonly NodeId[]): void {
    const stack = nodeIds.filter((id) => id !== 0);
    while (stack.length > 0) {
      const id = stack.pop()!;
      const path = this.#paths.get(id);
      if (path === undefined) continue;
      this.#paths.delete(id);
      stack.push(...path.children);
    }
  }

  /** No token is run through a second model; the dot products in the policy's graph are all there is. */
  usage() {
    return { verifierTokens: 0, flops: this.#flops };
  }

  audit(): AuditReport | undefined {
    return this.#audit?.report;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#paths.clear();
    this.#audit?.end();
  }

  #score(step: StepSample): StepScore {
    const { nodeId, parentId, tokenIds, probeOutputs } = step;
    const parent = this.#paths.get(parentId);
    if (parent === undefined)
      throw new ServiceError(
        "not_found",
        `step ${nodeId} must follow a scored, unpruned step, got parent ${parentId}`,
      );
    if (tokenIds.length === 0)
      throw new ServiceError("invalid_argument", `a step must hold tokens, got none in step ${nodeId}`);
    const outputs = outputsOf(this.#head);
    if (probeOutputs.length !== outputs * tokenIds.length)
      throw new ServiceError(
        "failed_precondition",
        `step ${nodeId} must come with ${outputs} probe outputs for each of its ${tokenIds.length} tokens, got ${probeOutputs.length} in all`,
      );
    const scalars = readsScalars(this.#head) ? toScalars(step) : undefined;
    const sums = addTokens(parent.sums, this.#head, probeOutputs, scalars);
    const swift = swiftReward(sums);
    if (Number.isNaN(swift))
      throw new ServiceError(
        "internal",
        `the policy's probe outputs must be numbers, got NaN in step ${nodeId}`,
      );
    const audited = this.#audit?.check(step, parent.audited, sums, scalars) ?? parent.audited;
    this.#paths.set(nodeId, { sums, audited, children: [] });
    parent.children.push(nodeId);
    this.#flops += this.#flopsPerToken * tokenIds.length;
    return { score: toScore(swift), swift };
  }
}

/** Zero stands for "the text has ended" and for nothing else: what is missing is not made up. */
function toScalars({ nodeId, tokenIds, logProbs, entropies, nextEntropy, finishReason }: StepSample) {
  const tokens = tokenIds.length;
  if (logProbs.length !== tokens || entropies.length !== tokens)
    throw new ServiceError(
      "failed_precondition",
      `step ${nodeId} must come with a log-probability and an entropy for each of its ${tokens} tokens, got ${logProbs.length} and ${entropies.length}`,
    );
  const hasEnded = finishReason === "eos" || finishReason === "stop";
  if (nextEntropy === undefined && !hasEnded)
    throw new ServiceError(
      "failed_precondition",
      `step ${nodeId} must come with the entropy after its last token, since its text goes on, got none; the generator is older than this SWIFT head`,
    );
  return scalarsOf(logProbs, entropies, nextEntropy ?? 0);
}

/**
 * SWIFT as a step scorer: the policy evaluates the head's two dot products as it generates, here a path's two sums are
 * kept per node. A step's score is sigmoid(R) of its whole path. R was trained on full solutions only, so the score of
 * a partial one ranks paths but is not calibrated.
 */
import { ServiceError } from "#shared/errors.js";
import type { NodeId, PolicyInfo, Probe, ScorerSession, StepSample, StepScorer } from "../../ports.js";
import { toScore } from "../probability.js";
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

/** @throws ServiceError `failed_precondition`: the head was made for another model, or its width is not the policy's. */
export function createSwiftScorer(head: SwiftHead, policy: PolicyInfo): StepScorer {
  const probe = toProbe(head, policy);
  return {
    name: "swift",
    probes: [probe],
    open: async () => new SwiftSession(head, probe.shape[1]),
  };
}

/** The head's rows over all hidden states; states that it does not read get zeros. */
function toProbe(head: SwiftHead, policy: PolicyInfo): Probe {
  const { modelHash } = head.provenance;
  if (modelHash !== policy.modelHash)
    throw mismatch(
      head,
      `it must have been trained for ${policy.model} (${policy.modelHash}), but was for ${modelHash}`,
    );
  const { hiddenSize, hiddenStateCount } = policy;
  const { input, gate, reward } = head;
  if (input.kind !== "hidden" || input.finalNorm)
    throw mismatch(head, "it must read hidden states as they are, got another input");
  if (
    reward.weights.length !== input.layers.length * hiddenSize ||
    Math.max(...input.layers) >= hiddenStateCount
  ) {
    const got = `${reward.weights.length} over states ${input.layers.join(", ")}`;
    throw mismatch(
      head,
      `it must read states below ${hiddenStateCount}, ${hiddenSize} numbers each, got ${got}`,
    );
  }
  const width = hiddenSize * hiddenStateCount;
  const rows = gate === undefined ? [reward] : [gate, reward];
  const weights = new Float32Array(rows.length * width);
  for (const [output, row] of rows.entries())
    for (const [index, layer] of input.layers.entries()) {
      const part = row.weights.subarray(index * hiddenSize, (index + 1) * hiddenSize);
      weights.set(part, output * width + layer * hiddenSize);
    }
  return { name: "swift", modelHash, weights, shape: [rows.length, width] };
}

function mismatch(head: SwiftHead, problem: string): ServiceError {
  return new ServiceError(
    "failed_precondition",
    `the SWIFT head ${head.name} does not belong to the policy: ${problem}; train a head for this policy or use another verifier`,
    { reason: "SWIFT_HEAD_MISMATCH" },
  );
}

interface Path {
  readonly sums: SwiftSums;
  readonly children: NodeId[];
}

class SwiftSession implements ScorerSession {
  readonly #head: SwiftWeights;
  readonly #flopsPerToken: number;
  readonly #paths = new Map<NodeId, Path>([[0, { sums: EMPTY_SUMS, children: [] }]]);
  #flops = 0;

  constructor(head: SwiftWeights, width: number) {
    this.#head = head;
    this.#flopsPerToken = 2 * outputsOf(head) * width;
  }

  async score(steps: readonly StepSample[]): Promise<readonly number[]> {
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

  close(): void {
    this.#paths.clear();
  }

  #score(step: StepSample): number {
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
    const scalars = readsScalars(this.#head) ? scalarsOf(step.logProbs, step.entropies, 0) : undefined;
    const sums = addTokens(parent.sums, this.#head, probeOutputs, scalars);
    const score = toScore(swiftReward(sums));
    if (Number.isNaN(score))
      throw new ServiceError(
        "internal",
        `the policy's probe outputs must be numbers, got NaN in step ${nodeId}`,
      );
    this.#paths.set(nodeId, { sums, children: [] });
    parent.children.push(nodeId);
    this.#flops += this.#flopsPerToken * tokenIds.length;
    return score;
  }
}

/**
 * The audit: for a share of the Solves the policy also sends its hidden states, and every reward is computed a second
 * time here, in double precision, from them. The policy's own products are what is served; an audit only looks on. It
 * catches a generator that evaluates probes wrongly, whatever the reason: other weights, states in another order, a
 * broken kernel.
 */
import { ServiceError } from "#shared/errors.js";
import type { AuditReport, PolicyInfo, StepSample } from "../../ports.js";
import type { SwiftHead } from "./head-file.js";
import { addTokens, EMPTY_SUMS, outputsOf, type SwiftSums, swiftReward, tokenTerms } from "./head.js";

/** Of R: what both routes may differ by in any case. */
export const AUDIT_TOLERANCE = 1e-3;
/** A number in 16 bits is off by at most 2^-11 of itself, by 2^-11 / sqrt(3) in the root mean square. */
const HALF_ROUNDING = 2 ** -11 / Math.sqrt(3);
/** Standard deviations of that rounding which are no mismatch: once in 16,000 steps one is beyond. */
const ROUNDING_DEVIATIONS = 4;

/** A path by the audit's route. */
export interface AuditedSums extends SwiftSums {
  /** Variance of the sum of gate times (reward less R) that the states' rounding explains. */
  readonly rounding: number;
}

export const EMPTY_AUDIT: AuditedSums = { ...EMPTY_SUMS, rounding: 0 };

/** Since the service started. */
export interface AuditCounts {
  solves: number;
  stepsAudited: number;
  mismatches: number;
}

/** Which Solves of one head are audited, and what all audits together found. */
export class SwiftAuditor {
  readonly counts: AuditCounts = { solves: 0, stepsAudited: 0, mismatches: 0 };
  readonly #head: SwiftHead;
  readonly #share: number;
  readonly #onMismatch: (report: AuditReport) => void;
  #opened = 0;

  /**
   * `share` of the Solves, in [0, 1]. `onMismatch` is called at the end of a Solve that had any.
   * @throws ServiceError `failed_precondition`: audits are asked for, but the head reads what the policy does not send
   */
  constructor(head: SwiftHead, share: number, onMismatch: (report: AuditReport) => void) {
    if (share > 0 && (head.input.kind !== "hidden" || head.input.finalNorm))
      throw new ServiceError(
        "failed_precondition",
        `VERIFIER_SWIFT_AUDIT_SHARE must be 0 with the SWIFT head ${head.name}, got ${share}: only heads over hidden states as they are can be audited`,
        { reason: "SWIFT_AUDIT_IMPOSSIBLE" },
      );
    this.#head = head;
    this.#share = share;
    this.#onMismatch = onMismatch;
  }

  /** The next Solve's audit; undefined when it is not its turn. The first Solve is the first to be audited. */
  next(policy: PolicyInfo): SwiftAudit | undefined {
    const before = Math.ceil(this.#opened * this.#share);
    this.#opened++;
    if (Math.ceil(this.#opened * this.#share) === before) return undefined;
    this.counts.solves++;
    return new SwiftAudit(this.#head, policy, this.counts, this.#onMismatch);
  }
}

/** One Solve's audit. */
export class SwiftAudit {
  readonly #head: SwiftHead;
  readonly #policy: PolicyInfo;
  readonly #counts: AuditCounts;
  readonly #onMismatch: (report: AuditReport) => void;
  readonly #found = { stepsAudited: 0, mismatches: 0, maxDifference: 0 };

  constructor(
    head: SwiftHead,
    policy: PolicyInfo,
    counts: AuditCounts,
    onMismatch: (report: AuditReport) => void,
  ) {
    this.#head = head;
    this.#policy = policy;
    this.#counts = counts;
    this.#onMismatch = onMismatch;
  }

  get report(): AuditReport {
    return { ...this.#found };
  }

  /**
   * Compares the rewards of the path that ends with `step`. `before` are the sums that this method returned for its
   * parent, `served` the path's sums by the policy's products. Where states are missing it goes on with these: of a long
   * step only the first tokens come with them.
   */
  check(step: StepSample, before: AuditedSums, served: SwiftSums, scalars?: Float32Array): AuditedSums {
    this.#found.stepsAudited++;
    this.#counts.stepsAudited++;
    const { hiddenSize, hiddenStateCount } = this.#policy;
    const { hiddenStates = new Float32Array(), tokenIds, probeOutputs } = step;
    const tokens = hiddenStates.length / (hiddenSize * hiddenStateCount);
    if (!Number.isInteger(tokens) || tokens < 1 || tokens > tokenIds.length) {
      this.#mismatch();
      return { ...served, rounding: before.rounding };
    }
    const products = Float64Array.from(probeOutputs);
    const projected = project(this.#head, hiddenStates, this.#policy);
    products.set(projected.products);
    const own = addTokens(before, this.#head, products, scalars);
    const reward = swiftReward(own);
    const rounding = before.rounding + this.#roundingOf(products, projected.squares, reward, scalars);
    const tolerance = Math.max(
      AUDIT_TOLERANCE,
      (ROUNDING_DEVIATIONS * Math.sqrt(rounding)) / Math.max(own.gate, Number.MIN_VALUE),
    );
    const difference = Math.abs(reward - swiftReward(served));
    // NaN is a mismatch too.
    if (!(difference <= tolerance)) this.#mismatch();
    if (difference > this.#found.maxDifference) this.#found.maxDifference = difference;
    return { ...own, rounding };
  }

  /** The variance that a step adds: dR = sum(g dr + g (1 - g) (r - R) dg) / sum g, and the products' errors are apart. */
  #roundingOf(products: Float64Array, squares: Float64Array, path: number, scalars?: Float32Array): number {
    const outputs = outputsOf(this.#head);
    let variance = 0;
    for (let t = 0; t < squares.length / outputs; t++) {
      const { gate, reward } = tokenTerms(this.#head, products, scalars, t);
      const ofReward = squares[(t + 1) * outputs - 1]!;
      const ofGate = outputs === 2 ? squares[t * outputs]! : 0;
      variance += gate ** 2 * ofReward + (gate * (1 - gate) * (reward - path)) ** 2 * ofGate;
    }
    return HALF_ROUNDING ** 2 * variance;
  }

  end(): void {
    if (this.#found.mismatches > 0) this.#onMismatch(this.report);
  }

  #mismatch(): void {
    this.#found.mismatches++;
    this.#counts.mismatches++;
  }
}

/** [tokens, outputs] in double precision: the head's rows times the states that it reads, and the sums of squared terms. */
function project(
  head: SwiftHead,
  states: Float32Array,
  { hiddenSize, hiddenStateCount }: PolicyInfo,
): { readonly products: Float64Array; readonly squares: Float64Array } {
  const layers = head.input.kind === "hidden" ? head.input.layers : [];
  const rows = head.gate === undefined ? [head.reward] : [head.gate, head.reward];
  const width = hiddenSize * hiddenStateCount;
  const products = new Float64Array((states.length / width) * outputsOf(head));
  const squares = new Float64Array(products.length);
  for (let i = 0; i < products.length; i++) {
    const { weights } = rows[i % rows.length]!;
    const token = Math.floor(i / rows.length) * width;
    for (const [index, layer] of layers.entries())
      for (let k = 0; k < hiddenSize; k++) {
        const term = weights[index * hiddenSize + k]! * states[token + layer * hiddenSize + k]!;
        products[i]! += term;
        squares[i]! += term * term;
      }
  }
  return { products, squares };
}

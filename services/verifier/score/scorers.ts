/** The reward models that are loaded, by name. */
import { ServiceError } from "#shared/errors.js";
import type { Policy, StepScorer } from "../ports.js";
import { createFusedScorer } from "./fused.js";
import type { PrmScorer } from "./prm/prm-host.js";
import { prmStepScorer } from "./prm/step-scorer.js";
import type { SwiftAuditor } from "./swift/audit.js";
import type { SwiftHead } from "./swift/head-file.js";
import { hashHead } from "./swift/head-hash.js";
import { createSwiftScorer } from "./swift/scorer.js";

export type VerifierName = StepScorer["name"];

const noneScorer: StepScorer = {
  name: "none",
  probes: [],
  open: async () => {
    throw new ServiceError("internal", "a search without a verifier must not open one");
  },
};

export class Scorers {
  readonly loadedPrm: PrmScorer | undefined;
  readonly swiftHead: SwiftHead | undefined;
  /** Of the head; see `hashHead`. */
  readonly swiftHash: string | undefined;
  /** Audits Solves that the head scores. */
  readonly swiftAuditor: SwiftAuditor | undefined;
  readonly #policy: Policy;

  constructor(
    policy: Policy,
    prm: PrmScorer | undefined,
    swiftHead: SwiftHead | undefined,
    swiftAuditor?: SwiftAuditor,
  ) {
    this.#policy = policy;
    this.loadedPrm = prm;
    this.swiftHead = swiftHead;
    this.swiftHash = swiftHead && hashHead(swiftHead);
    this.swiftAuditor = swiftAuditor;
  }

  /** @throws ServiceError `failed_precondition` that says how to load one. */
  get prm(): PrmScorer {
    if (this.loadedPrm !== undefined) return this.loadedPrm;
    throw notLoaded("PRM", "VERIFIER_PRM to the directory of one");
  }

  /**
   * The scorer for a request; undefined means the PRM, or nothing where the strategy can do without and none is loaded.
   * @throws ServiceError `failed_precondition`: not loaded, or a SWIFT head of another policy; `unavailable`: SWIFT
   * has to ask the policy who it is and cannot.
   */
  async resolve(
    name: VerifierName | undefined,
    needsScores: boolean,
    signal: AbortSignal,
  ): Promise<StepScorer> {
    if (name === "none" || (name === undefined && this.loadedPrm === undefined && !needsScores))
      return noneScorer;
    if (name === undefined || name === "prm") return prmStepScorer(this.prm);
    if (name === "swift") return this.#swift(signal);
    // Found before the policy is asked who it is.
    const prm = prmStepScorer(this.prm);
    return createFusedScorer(name, { swift: await this.#swift(signal), prm });
  }

  async #swift(signal: AbortSignal): Promise<StepScorer> {
    if (this.swiftHead === undefined) throw notLoaded("SWIFT head", "VERIFIER_SWIFT to the file of one");
    const scorer = createSwiftScorer(this.swiftHead, await this.#policy.info(signal), this.swiftAuditor);
    return { ...scorer, ...(this.swiftHash !== undefined && { hash: this.swiftHash }) };
  }
}

function notLoaded(what: string, remedy: string): ServiceError {
  return new ServiceError(
    "failed_precondition",
    `a ${what} must be loaded for this request, but this verifier serves none; set ${remedy} and restart it, or ask for another verifier`,
    { reason: "VERIFIER_NOT_LOADED" },
  );
}

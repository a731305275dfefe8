/** Requests as the search's types. Every field is checked here; an error names it by its proto path. */
import { invalidField } from "#shared/errors.js";
import { enumOf, integerIn, listOf, numberThat, shown, textOf } from "#shared/rpc/fields.js";
import type { AppendSteps__Output } from "#shared/rpc/gen/deliberate/v1/AppendSteps.js";
import type { Budget__Output } from "#shared/rpc/gen/deliberate/v1/Budget.js";
import type { PlanRequest__Output } from "#shared/rpc/gen/deliberate/v1/PlanRequest.js";
import type { SolveRequest__Output } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import { toSampling } from "#shared/rpc/sampling.js";
import { assertRequest } from "../plan/request.js";
import type { NodeId, StepSample } from "../ports.js";
import type { VerifierName } from "../score/scorers.js";
import { toStep } from "../score/prm/self-check.js";
import type { Budget, SearchRequest } from "../search/types.js";
import type { RequestLimits } from "./limits.js";

const strategies = {
  STRATEGY_UNSPECIFIED: "auto",
  STRATEGY_AUTO: "auto",
  STRATEGY_GREEDY: "greedy",
  STRATEGY_MAJORITY: "majority",
  STRATEGY_BEST_OF_N: "best_of_n",
  STRATEGY_BEAM: "beam",
  STRATEGY_DVTS: "dvts",
  STRATEGY_EARLY_REJECTION: "early_rejection",
  STRATEGY_REBASE: "rebase",
  STRATEGY_PARTICLE_FILTERING: "particle_filtering",
} as const;

const verifiers = {
  VERIFIER_UNSPECIFIED: undefined,
  VERIFIER_PRM: "prm",
  VERIFIER_SWIFT: "swift",
  VERIFIER_NONE: "none",
  VERIFIER_RANK_FUSION: "rank",
  VERIFIER_SCALED_FUSION: "scaled",
} as const;

const aggregations = {
  SCORE_AGGREGATION_UNSPECIFIED: undefined,
  SCORE_AGGREGATION_LAST: "last",
  SCORE_AGGREGATION_MIN: "min",
  SCORE_AGGREGATION_MEAN: "mean",
  SCORE_AGGREGATION_PROD: "prod",
} as const;

const votes = {
  VOTE_UNSPECIFIED: undefined,
  VOTE_WEIGHTED: "weighted",
  VOTE_MAX: "max",
  VOTE_MAJORITY: "majority",
} as const;

/** google.protobuf.Duration's own limit: about 10,000 years. */
const MAX_SECONDS = 315_576_000_000;
const MAX_SALT_BYTES = 256;
const MAX_STEPS_AT_ONCE = 1024;

export interface Asked {
  readonly problem: string;
  /** undefined: not said. */
  readonly verifier: VerifierName | undefined;
  readonly request: SearchRequest;
  readonly budget: Budget;
}

/** @throws ServiceError `invalid_argument` naming the first field that does not hold. */
export function toSolve(message: SolveRequest__Output, limits: RequestLimits): Asked {
  const { n, beamWidth, seed, maxSolutionTokens, maxDepth, sampling, priority, cacheSalt, rejectBelow } =
    message;
  const aggregation = enumOf("aggregation", message.aggregation, aggregations);
  const vote = enumOf("vote", message.vote, votes);
  const request: SearchRequest = {
    strategy: enumOf("strategy", message.strategy, strategies),
    ...(n !== undefined && { n }),
    ...(beamWidth !== undefined && { beamWidth }),
    ...(aggregation !== undefined && { aggregation }),
    ...(vote !== undefined && { vote }),
    ...(sampling && { sampling: toSampling("sampling", sampling) }),
    ...(seed !== undefined && { seed: integerIn("seed", seed, 0) }),
    ...(maxSolutionTokens !== undefined && { maxSolutionTokens }),
    ...(maxDepth !== undefined && { maxDepth }),
    ...(priority !== undefined && { priority: integerIn("priority", priority, -10, 10) }),
    ...(rejectBelow !== undefined && { rejectBelow }),
    ...(cacheSalt !== undefined && { cacheSalt: textOf("cache_salt", cacheSalt, MAX_SALT_BYTES) }),
  };
  return toAsked(message, request, limits);
}

/** What AUTO would be asked. @throws as `toSolve`. */
export function toPlanned(message: PlanRequest__Output, limits: RequestLimits): Asked {
  return toAsked(message, { strategy: "auto" }, limits);
}

function toAsked(
  message: Pick<SolveRequest__Output, "problem" | "verifier" | "budget">,
  request: SearchRequest,
  limits: RequestLimits,
): Asked {
  const problem = textOf("problem", message.problem, limits.maxProblemBytes);
  const verifier = enumOf("verifier", message.verifier, verifiers);
  const budget = toBudget(message.budget);
  assertRequest(problem, request, budget);
  return { problem, verifier, request, budget };
}

function toBudget(budget: Budget__Output | null): Budget {
  if (budget === null) return {};
  const { generatedTokens, verifierTokens, flops, wallTime, tokens } = budget;
  return {
    ...(generatedTokens !== undefined && { generatedTokens }),
    ...(verifierTokens !== undefined && { verifierTokens }),
    ...(flops !== undefined && { flops }),
    ...(tokens !== undefined && { tokens }),
    ...(wallTime && { wallTimeMs: toMs("budget.wall_time", wallTime) }),
  };
}

/** A positive duration in milliseconds. */
function toMs(
  field: string,
  { seconds, nanos }: { readonly seconds: number; readonly nanos: number },
): number {
  const isDuration =
    Number.isSafeInteger(seconds) && Math.abs(seconds) <= MAX_SECONDS && Math.abs(nanos) < 1e9;
  if (!isDuration || seconds * nanos < 0)
    throw invalidField(
      field,
      `must be a Duration with seconds and nanos of one sign, got ${seconds} s ${nanos} ns`,
    );
  return numberThat(field, 1000 * seconds + nanos / 1e6, "a positive duration", (ms) => ms > 0);
}

/** Steps that continue a path one after the other, with ids from `firstId` on. */
export function toSteps(append: AppendSteps__Output, firstId: NodeId, limits: RequestLimits): StepSample[] {
  const parent = integerIn("append.path_id", append.pathId, 0);
  const texts = listOf("append.steps", append.steps, MAX_STEPS_AT_ONCE);
  if (texts.length === 0)
    throw invalidField("append.steps", `must have at least one step, got ${shown(texts.length)}`);
  return texts.map((text, index) => {
    const checked = textOf(`append.steps[${index}]`, text, limits.maxStepBytes);
    return toStep(checked, firstId + index, index === 0 ? parent : firstId + index - 1);
  });
}

/** What a search request must hold. Field names in errors are the proto's. */
import { invalidField } from "#shared/errors.js";
import type { StepScorer } from "../ports.js";
import { fusionOf } from "../search/fusion.js";
import { isScored, isStepSearch, usesBeamWidth } from "../search/strategies.js";
import type { Budget, SearchRequest } from "../search/types.js";

export const MAX_CANDIDATES = 256;

/** Throws a ServiceError that names the first field that does not hold. */
export function assertRequest(problem: string, request: SearchRequest, budget: Budget): void {
  if (problem.trim() === "") throw invalidField("problem", "must not be empty");
  assertCount("n", request.n, MAX_CANDIDATES);
  assertCount("beam_width", request.beamWidth, MAX_CANDIDATES);
  assertCount("max_depth", request.maxDepth);
  assertCount("max_solution_tokens", request.maxSolutionTokens);
  assertCount("budget.generated_tokens", budget.generatedTokens);
  assertCount("budget.verifier_tokens", budget.verifierTokens);
  assertCount("budget.tokens", budget.tokens);
  assertShare("reject_below", request.rejectBelow);
  assertPositive("budget.flops", budget.flops);
  assertPositive("budget.wall_time", budget.wallTimeMs);
  const { strategy, n, beamWidth } = request;
  const isWide = strategy !== "auto" && usesBeamWidth(strategy);
  if (isWide && n !== undefined && beamWidth !== undefined && n % beamWidth !== 0)
    throw invalidField("n", `must be a multiple of beam_width, got n ${n} and beam_width ${beamWidth}`);
  if (strategy === "greedy") assertGreedy(request);
  if (!isScored(strategy) && request.vote !== undefined && request.vote !== "majority")
    throw invalidField("vote", `must be majority for the ${strategy} strategy, got ${request.vote}`);
}

/** Throws when scores are needed and the verifier gives none, or they do not aggregate as asked for. */
export function assertVerifier(
  { strategy, aggregation, rejectBelow = 0 }: SearchRequest,
  verifier: StepScorer["name"],
): void {
  if (rejectBelow > 0 && (!isScored(strategy) || verifier === "none"))
    throw invalidField(
      "reject_below",
      `must be 0 where nothing is scored, got ${rejectBelow} for ${strategy} with verifier ${verifier}`,
    );
  if (strategy !== "auto" && isStepSearch(strategy) && verifier === "none")
    throw invalidField("verifier", `must score steps for ${strategy}, got none; choose prm or swift`);
  if (fusionOf(verifier) !== undefined && aggregation === "prod")
    throw invalidField(
      "aggregation",
      `must be last, min or mean for ${verifier} fusion, got prod: a product of SWIFT's rewards, which may be negative, orders nothing`,
    );
}

function assertGreedy({ n, sampling }: SearchRequest): void {
  if (n !== undefined && n !== 1) throw invalidField("n", `must be 1 for greedy, got ${n}`);
  if (sampling?.temperature !== undefined && sampling.temperature !== 0)
    throw invalidField("sampling.temperature", `must be 0 for greedy, got ${sampling.temperature}`);
}

function assertCount(field: string, value: number | undefined, max = Number.MAX_SAFE_INTEGER): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= max)) return;
  throw invalidField(field, `must be a whole number in [1, ${max}], got ${value}`);
}

function assertShare(field: string, value: number | undefined): void {
  if (value === undefined || (value >= 0 && value < 1)) return;
  throw invalidField(field, `must be in [0, 1), got ${value}`);
}

function assertPositive(field: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value > 0)) return;
  throw invalidField(field, `must be a positive number, got ${value}`);
}

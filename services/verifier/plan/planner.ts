/**
 * From features to a plan with its row and its reason. Pure: measures nothing, runs nothing.
 */
import type { PolicyInfo, StepScorer } from "../ports.js";
import type { Budget, SearchPlan, SearchRequest, StrategyName } from "../search/types.js";
import { isScored, isStepSearch, usesBeamWidth } from "../search/strategies.js";
import type { Calibration } from "./calibration/calibration.js";
import type { Difficulty, VerifierStrength } from "./difficulty.js";
import { FIRST_SAMPLES, TABLE_BEAM_WIDTH, type TableRow } from "./table.js";

/** What a plan depends on besides the request. */
export interface Features {
  readonly parameterCount: number;
  readonly flopsPerToken: number;
  readonly verifier: StepScorer["name"];
  /** To read one token. */
  readonly verifierFlopsPerToken: number;
  readonly strength: VerifierStrength;
  /** Of the texts that the verifier was trained on; unset: it does not mind. */
  readonly trainedTemperature?: number;
  /** Tokens that one solution is expected to take. */
  readonly solutionTokens: number;
  /** Of this pair; unset where none applies. */
  readonly calibration?: Calibration;
  /** Its prompt probe's view of the problem. */
  readonly promptScore?: number;
}

/** S&L and its_hub sample at 0.8, Liu et al. at 0.7. */
const TEMPERATURE = 0.8;
const DEFAULT_CANDIDATES = 16;

/**
 * Features of a policy nothing has been sampled from. A solution takes what it took when calibrated, else it is guessed to
 * take an eighth of the context, within [32, 512] tokens. Only a PRM alone is trusted to steer a search and to say how
 * hard a problem is: SWIFT ranks solutions but is not calibrated for steps, and fused scores say nothing beyond their group.
 */
export function featuresOf(
  info: PolicyInfo,
  { name, sampling, flopsPerToken: verifierFlopsPerToken = 0 }: StepScorer,
  calibration?: Calibration,
): Features {
  return {
    parameterCount: info.parameterCount,
    flopsPerToken: info.flopsPerToken,
    verifier: name,
    verifierFlopsPerToken,
    strength: name === "prm" ? "strong" : "weak",
    ...(calibration !== undefined && { calibration }),
    ...(sampling !== undefined && { trainedTemperature: sampling.temperature }),
    solutionTokens:
      calibration?.solutionTokens ?? Math.min(512, Math.max(32, Math.floor(info.contextLength / 8))),
  };
}

/** The plan of a named strategy. An n that the caller did not choose shrinks until the estimated tokens fit the budget. */
export function planFixed(
  request: SearchRequest & { readonly strategy: StrategyName },
  features: Features,
  budget: Budget,
): SearchPlan {
  const width = usesBeamWidth(request.strategy) ? widthFor(request) : 1;
  const affordable = Math.floor(affordableTokens(budget, features) / features.solutionTokens);
  const most = Math.min(DEFAULT_CANDIDATES, features.calibration?.widthCap ?? DEFAULT_CANDIDATES);
  const fitting = Math.max(width, multipleOf(width, Math.min(most, affordable)));
  const n = request.strategy === "greedy" ? 1 : (request.n ?? fitting);
  const shrunk = request.n === undefined && n < DEFAULT_CANDIDATES && request.strategy !== "greedy";
  return complete(request, features, {
    strategy: request.strategy,
    n,
    row: "requested",
    reason: shrunk
      ? `The caller chose ${request.strategy}; ${n} candidates of about ${Math.ceil(features.solutionTokens)} tokens fit the budget.`
      : `The caller chose ${request.strategy}.`,
  });
}

/** AUTO's first samples, so many unless the caller wants fewer candidates. */
export function planFirst(request: SearchRequest, features: Features, samples = FIRST_SAMPLES): SearchPlan {
  const n = Math.min(samples, request.n ?? samples);
  const strategy = features.verifier === "none" ? "majority" : "best_of_n";
  return complete(request, features, {
    strategy,
    n,
    row: "first samples",
    reason:
      n === 1
        ? "The first sample shows how hard the problem is; it stays a candidate."
        : `The first ${n} samples show how hard the problem is; they stay candidates.`,
  });
}

/**
 * A run after the first samples. `affordable`: solutions that the rest of the budget pays for. A step search that no
 * longer fits gives way to samples. Undefined when not even one solution fits, or the caller's n is used up.
 */
export function planRun(
  request: SearchRequest,
  features: Features,
  choice: { readonly row: TableRow; readonly name: string; readonly run: number },
  reason: string,
  affordable: number,
): SearchPlan | undefined {
  const width = usesBeamWidth(choice.row.strategy) ? widthFor({ ...request, n: request.n ?? choice.run }) : 1;
  const cap = features.calibration?.widthCap ?? Infinity;
  const wanted = Math.min(choice.run, request.n ?? choice.run, affordable, cap);
  const isSearch = isStepSearch(choice.row.strategy) && wanted >= width;
  const n = isSearch ? multipleOf(width, wanted) : Math.floor(wanted);
  if (n < 1) return undefined;
  const fits =
    n < choice.run ? ` ${n} instead of ${choice.run} candidates, to stay within the budget and n.` : "";
  const sampling = features.verifier === "none" ? "majority" : "best_of_n";
  const strategy = isSearch || !isScored(choice.row.strategy) ? choice.row.strategy : sampling;
  return complete(request, features, { strategy, n, row: choice.name, reason: reason + fits });
}

/** The row for a difficulty, in one sentence. */
export function reasonFor(difficulty: Difficulty, samples: number, row: TableRow, name: string): string {
  const score =
    difficulty.meanScore === undefined ? "" : `, mean verifier score ${difficulty.meanScore.toFixed(2)}`;
  return (
    `Escalated after ${samples} samples: agreement ${difficulty.agreement.toFixed(2)}${score}, ` +
    `so pass@1 is about ${difficulty.passRate.toFixed(2)}, and the table says ${row.strategy} (${name}).`
  );
}

/** What the verifier takes to read a token: SWIFT reads what the policy has computed. */
export function verifierTokensPerToken({ verifier }: Pick<Features, "verifier">): 0 | 1 {
  return verifier === "none" || verifier === "swift" ? 0 : 1;
}

/** Tokens of both models that the budget pays for. */
export function budgetTokens(budget: Budget, features: Features): number {
  return affordableTokens(budget, features) * (1 + verifierTokensPerToken(features));
}

/** Tokens that the budget pays for, of a solution that is generated and read once. */
export function affordableTokens(budget: Budget, features: Features): number {
  const {
    generatedTokens = Infinity,
    verifierTokens = Infinity,
    tokens = Infinity,
    flops = Infinity,
  } = budget;
  const reads = verifierTokensPerToken(features);
  return Math.min(
    generatedTokens,
    reads === 0 ? Infinity : verifierTokens,
    tokens / (1 + reads),
    flops / (features.flopsPerToken + features.verifierFlopsPerToken),
  );
}

function complete(
  request: SearchRequest,
  features: Features,
  chosen: Pick<SearchPlan, "strategy" | "n" | "row" | "reason">,
): SearchPlan {
  const verifier = isScored(chosen.strategy) ? features.verifier : "none";
  const temperature = chosen.strategy === "greedy" ? 0 : temperatureFor(request, features);
  const isHeads = request.sampling?.temperature === undefined && temperature === features.trainedTemperature;
  const hint = isHeads ? ` Sampled at ${temperature}, as the SWIFT head was trained.` : "";
  return {
    ...chosen,
    reason: chosen.reason + hint,
    beamWidth: usesBeamWidth(chosen.strategy) ? widthFor({ ...request, n: chosen.n }) : 1,
    verifier,
    aggregation: request.aggregation ?? "last",
    vote: verifier === "none" ? "majority" : (request.vote ?? "weighted"),
    temperature,
    rejectBelow: rejectBelowFor(request, features, chosen.strategy),
    ...(features.calibration !== undefined && { calibrated: true }),
  };
}

/** The caller's; AUTO's searches go by the calibration. Its samples do not: what they show is known of whole solutions. */
function rejectBelowFor(
  { strategy, rejectBelow }: SearchRequest,
  { calibration }: Features,
  chosen: StrategyName,
): number {
  if (!isScored(chosen)) return 0;
  const calibrated = strategy === "auto" && isStepSearch(chosen) ? calibration?.rejectBelow : undefined;
  return rejectBelow ?? calibrated ?? 0;
}

/** Of all that the request leads to, AUTO's greedy runs aside: the caller's, else the one that what scores was trained at. */
export function temperatureFor({ strategy, sampling }: SearchRequest, features: Features): number {
  if (strategy === "greedy") return 0;
  const calibrated = features.calibration?.pair.temperature;
  const trained = isScored(strategy) ? features.trainedTemperature : undefined;
  return sampling?.temperature ?? calibrated ?? trained ?? TEMPERATURE;
}

/** The caller's width, or the widest up to four that divides n. */
function widthFor({ n, beamWidth }: Pick<SearchRequest, "n" | "beamWidth">): number {
  if (beamWidth !== undefined) return beamWidth;
  const widths = Array.from({ length: TABLE_BEAM_WIDTH }, (_, i) => TABLE_BEAM_WIDTH - i);
  return widths.find((width) => n === undefined || n % width === 0)!;
}

function multipleOf(width: number, n: number): number {
  return Math.floor(n / width) * width;
}

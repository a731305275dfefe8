/** Whether a calibration may plan a Solve. */
import { ServiceError } from "#shared/errors.js";
import type { PolicyInfo, StepScorer } from "../../ports.js";
import type { SearchRequest } from "../../search/types.js";
import { isScored } from "../../search/strategies.js";
import type { Calibration } from "./calibration.js";

/**
 * The calibration where it says something about the request: its own verifier (or none, where nothing is scored) and its
 * own sampling. A request that asks for another is planned by the published table.
 * @throws ServiceError `failed_precondition`, CALIBRATION_MISMATCH: another policy, or another verifier of that kind
 */
export function applicable(
  calibration: Calibration | undefined,
  request: SearchRequest,
  policy: PolicyInfo,
  scorer: StepScorer,
): Calibration | undefined {
  if (calibration === undefined) return undefined;
  const { strategy, sampling = {} } = request;
  const { temperature, ...filters } = sampling;
  const calibrated = strategy === "greedy" ? 0 : calibration.pair.temperature;
  const isRead = isScored(strategy);
  if (isRead && scorer.name !== calibration.pair.verifier.name) return undefined;
  if ((temperature ?? calibrated) !== calibrated) return undefined;
  if (Object.values(filters).some((value) => value !== undefined)) return undefined;
  assertPair(calibration, policy, isRead ? scorer : undefined);
  return calibration;
}

/**
 * What can be known before the generator is reached. A kind of verifier that is not served at all is no error: the
 * calibration waits for it. @throws as `applicable`
 */
export function assertVerifierServed(
  { pair: { verifier } }: Calibration,
  served: Readonly<Record<"prm" | "swift", string | undefined>>,
): void {
  const hash = served[verifier.name];
  if (hash !== undefined && hash !== verifier.hash)
    throw mismatch(`the ${verifier.name} ${verifier.hash}`, hash);
}

function assertPair({ pair }: Calibration, policy: PolicyInfo, scorer: StepScorer | undefined): void {
  if (pair.policy.modelHash !== policy.modelHash)
    throw mismatch(
      `the policy ${pair.policy.model} (${pair.policy.modelHash})`,
      `${policy.model} (${policy.modelHash})`,
    );
  if (pair.policy.precision !== policy.precision)
    throw mismatch(`the policy at ${pair.policy.precision}`, policy.precision);
  if (pair.policy.chatTemplateHash !== policy.chatTemplateHash)
    throw mismatch(
      `the chat template ${pair.policy.chatTemplateHash || "none"}`,
      policy.chatTemplateHash || "none",
    );
  if (scorer !== undefined && pair.verifier.hash !== scorer.hash)
    throw mismatch(`the ${pair.verifier.name} ${pair.verifier.hash}`, `${scorer.hash}`);
}

function mismatch(wanted: string, got: string): ServiceError {
  return new ServiceError(
    "failed_precondition",
    `the calibration must be of the pair that is served: it was measured with ${wanted}, this pair has ${got}; calibrate this pair, or start the verifier without VERIFIER_CALIBRATION`,
    { reason: "CALIBRATION_MISMATCH" },
  );
}

/** The models that ship with the package. */
import { join } from "node:path";
import { packageRoot } from "#shared/rpc/package-root.js";

export const MODELS_DIRECTORY = join(packageRoot, "models");
export const DEFAULT_POLICY = join(MODELS_DIRECTORY, "policy");
export const DEFAULT_PRM = join(MODELS_DIRECTORY, "prm");

/** The SWIFT head that belongs to a policy. */
export function swiftBeside(policy: string): string {
  return join(policy, "swift.safetensors");
}

export const CALIBRATION_NAME = "calibration.json";

/** What AUTO plans by for a policy with the shipped PRM. */
export function calibrationBeside(policy: string): string {
  return join(policy, CALIBRATION_NAME);
}

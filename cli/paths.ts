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

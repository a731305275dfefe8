/** Where the shipped models are, relative to the package. */
import { join } from "node:path";
import { packageRoot } from "#shared/rpc/package-root.js";

export const POLICY_DIR = join(packageRoot, "models/policy");
export const AUTHORS_DIR = join(packageRoot, "models/policy-authors");
export const PRM_DIR = join(packageRoot, "models/prm");
export const SWIFT_FILE = join(packageRoot, "models/policy/swift.safetensors");
export const RESULTS_DIR = join(packageRoot, "bench/results");

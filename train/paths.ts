/** Where the shipped models are, relative to the package. */
import { fileURLToPath } from "node:url";
import { join } from "node:path";

// dist/train/paths.js -> the package's root.
const root = fileURLToPath(new URL("../../", import.meta.url));

export const POLICY_DIR = join(root, "models/policy");
export const PRM_DIR = join(root, "models/prm");
export const SWIFT_FILE = join(root, "models/policy/swift.safetensors");
export const RESULTS_DIR = join(root, "bench/results");

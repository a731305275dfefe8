/**
 * The pair as a client written by somebody else finds it: Python's gRPC with stubs generated from proto/ alone. Needs
 * foreign_client.requirements.txt in the Python that DELIBERATE_PYTHON names (python3 otherwise).
 */
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "#shared/rpc/package-root.js";
import { describeWithModels, type ShippedPair, startShippedPair } from "./shipped-pair.js";

const python = process.env["DELIBERATE_PYTHON"] ?? "python3";
const script = fileURLToPath(new URL("./foreign_client.py", import.meta.url));
const imports =
  "import grpc, grpc_tools.protoc, grpc_health.v1, grpc_reflection.v1alpha, google.rpc.status_pb2";

function missingPython(): string | undefined {
  const { status } = spawnSync(python, ["-c", imports], { timeout: 30_000 });
  return status === 0 ? undefined : `${python} has no grpcio, see foreign_client.requirements.txt`;
}

const checks = [
  "model_info",
  "expand",
  "featurize",
  "same_seed_same_tree",
  "grow_after_prune",
  "solve",
  "score",
  "plan",
  "verifier_info",
  "health",
  "reflection",
  "bad_request",
  "deadline",
  "cancel",
];

describeWithModels(
  "a Python client",
  () => {
    let pair: ShippedPair;
    let results: Record<string, string | null>;

    beforeAll(async () => {
      pair = await startShippedPair();
      const places = [join(packageRoot, "proto"), pair.generatorAddress, pair.verifierAddress];
      const { stdout } = await promisify(execFile)(python, [script, ...places]);
      results = JSON.parse(stdout) as typeof results;
    }, 120_000);

    afterAll(async () => pair?.stop());

    test("makes every check", () => expect(Object.keys(results)).toEqual(checks));

    test.each(checks)("%s", (name) => expect(results[name]).toBeNull());
  },
  missingPython(),
);

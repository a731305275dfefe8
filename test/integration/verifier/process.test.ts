import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createClient } from "#shared/rpc/connect.js";
import { healthService } from "#shared/rpc/proto.js";
import { toConfig } from "#verifier/config.js";
import { createService } from "#verifier/service.js";
import { arithmeticPrm } from "../../fakes/arithmetic-prm.js";
import { scrape } from "../../fakes/scrape.js";

const main = fileURLToPath(new URL("../../../dist/services/verifier/main.js", import.meta.url));

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [main], { env: { ...process.env, VERIFIER_PORT: "0", ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  return { child, exit: once(child, "exit"), stdout: () => stdout, stderr: () => stderr };
}

test("as a process: announces its address, is healthy without a generator or a PRM, ends on SIGTERM", async () => {
  const { child, exit, stdout, stderr } = run({ VERIFIER_LOG_LEVEL: "info" });
  await expect.poll(stdout, { timeout: 20_000 }).toMatch(/\n$/);
  const ready: unknown = JSON.parse(stdout());
  expect(ready).toEqual({ event: "ready", address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
  const address = /127\.0\.0\.1:\d+/.exec(stdout())![0];
  const health = createClient(healthService, address);
  expect(await health.check({ service: "deliberate.v1.VerifierService" })).toEqual({ status: "SERVING" });
  health.close();
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(stderr()).toContain('"msg":"serving"');
});

test("as a process: its ready line has the address of its metrics, if it is to answer them", async () => {
  const { child, exit, stdout } = run({ VERIFIER_METRICS_PORT: "0" });
  await expect.poll(stdout, { timeout: 20_000 }).toMatch(/\n$/);
  const { metrics } = JSON.parse(stdout()) as { metrics: string };
  expect((await scrape(metrics)).samples.get("deliberate_verifier_searches_limit")).toBe(32);
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
});

test("a metrics port in use ends the process with 2 and one line that names the setting", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const { exit, stderr, stdout } = run({ VERIFIER_METRICS_PORT: `${port}` });
  expect(await exit).toEqual([2, null]);
  other.close();
  expect(stderr()).toMatch(/^verifier: VERIFIER_METRICS_PORT must be a port to listen on, [^\n]*\n$/);
  expect(stdout()).toBe("");
});

test.each([
  ["a PRM that is not there", { VERIFIER_PRM: "/nowhere" }, /nowhere/],
  ["a SWIFT head that is not there", { VERIFIER_SWIFT: "/nowhere.safetensors" }, /nowhere/],
  [
    "a calibration that is not there",
    { VERIFIER_CALIBRATION: "/nowhere.json" },
    /nowhere\.json must be a file/,
  ],
  ["a malformed port", { VERIFIER_PORT: "many" }, /VERIFIER_PORT must be an integer/],
  ["a malformed address", { GENERATOR_ADDRESS: "localhost" }, /GENERATOR_ADDRESS must be host:port/],
])("%s ends the process with 2 and one line that says why", async (_what, env, message) => {
  const { exit, stderr, stdout } = run(env);
  expect(await exit).toEqual([2, null]);
  expect(stderr()).toMatch(message);
  expect(stderr().trim().split("\n")).toHaveLength(1);
  expect(stdout()).toBe("");
});

test("a PRM that fails its self-check is disposed and never served", async () => {
  const prm = arithmeticPrm();
  const selfCheck = { problem: "p", good: ["1 + 1 = 3\n"], bad: ["1 + 1 = 2\n"] };
  const config = toConfig({ VERIFIER_PORT: "0", VERIFIER_LOG_LEVEL: "silent" });
  await expect(createService(config, { prm: { scorer: prm, selfCheck } })).rejects.toMatchObject({
    code: "failed_precondition",
    details: { reason: "PRM_SELF_CHECK_FAILED" },
  });
  expect(prm.isDisposed()).toBe(true);
  expect(prm.sessions()).toBe(0);
});

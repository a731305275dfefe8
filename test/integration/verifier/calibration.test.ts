/** A verifier that is started with a calibration, on real sockets. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Calibration } from "#verifier/plan/calibration/calibration.js";
import { toCalibrationFile } from "#verifier/plan/calibration/calibration-file.js";
import { toConfig } from "#verifier/config.js";
import { createService } from "#verifier/service.js";
import { ARITHMETIC_CHECK, arithmeticPrm } from "../../fakes/arithmetic-prm.js";
import { calibrationOf, difficultyBy, row, tier } from "../../fakes/calibration.js";
import { FAKE_INFO } from "../../fakes/generator-server.js";
import { type Rig, startRig } from "./verifier-rig.js";

const directory = mkdtempSync(join(tmpdir(), "calibration-"));
let rig: Rig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const { modelHash, precision, chatTemplateHash } = FAKE_INFO;
/** Of the scripted generator and the PRM that checks sums. */
const PAIR: Calibration["pair"] = {
  policy: { model: "scripted", modelHash, precision, chatTemplateHash },
  verifier: { name: "prm", hash: "cd".repeat(32) },
  temperature: 0.8,
};

function fileOf(
  pair: Calibration["pair"],
  changes: Partial<Calibration> = {},
): { VERIFIER_CALIBRATION: string } {
  const { hash: _, ...fields } = calibrationOf({
    pair,
    promptProbe: { intercept: 0, weights: new Float32Array(6) },
    ...changes,
  });
  const path = join(mkdtempSync(`${directory}-`), "calibration.json");
  writeFileSync(path, toCalibrationFile({ ...fields, measured: {} }));
  return { VERIFIER_CALIBRATION: path };
}

test("plans AUTO, says so, and is named by GetVerifierInfo and Plan", async () => {
  rig = await startRig({ env: fileOf(PAIR) });
  const info = await rig.client.getVerifierInfo({});
  expect(info.calibrationHash).toMatch(/^[0-9a-f]{64}$/);
  const events = await rig.solve({ problem: "2 + 3 + 4?", seed: 1 });
  const solved = events.at(-1)!.solved!;
  expect(solved.plan).toMatchObject({ calibrated: true, estimatedPassRate: expect.any(Number) });
  expect(rig.generator.opens[0]!.includePromptProbe).toBe(true);
  const plan = await rig.client.plan({ problem: "2 + 3 + 4?", budget: { tokens: 500 } });
  expect(plan.then.map((each) => each.row)).toEqual([
    "calibrated, pass@1 0.5-1, from 0 tokens",
    "calibrated, pass@1 0-0.5, from 0 tokens",
  ]);
});

test("may answer greedily, whatever the session samples at", async () => {
  const rows = [row({ strategy: "greedy", beamWidth: 1, runs: [1] })];
  const changes = {
    bins: [],
    difficulty: difficultyBy("prompt", 0),
    tiers: [tier({ firstSamples: 0, rows })],
  };
  rig = await startRig({ env: fileOf(PAIR, changes) });
  const events = await rig.solve({ problem: "2 + 3 + 4?" });
  const { plan, usage } = events.at(-1)!.solved!;
  expect(plan).toMatchObject({ strategy: "STRATEGY_GREEDY", verifier: "VERIFIER_NONE", temperature: 0 });
  expect(usage!.verifierTokens).toBe(0);
  expect(rig.generator.opens[0]!.sampling).toMatchObject({ temperature: 0.8 });
  expect(rig.generator.grows).toMatchObject([{ count: 1, sampling: { temperature: 0 } }]);
  const outlook = await rig.client.plan({ problem: "2 + 3 + 4?" });
  expect(outlook).toMatchObject({ temperature: 0.8, first: { strategy: "STRATEGY_GREEDY", temperature: 0 } });
});

test("is not asked where it says nothing", async () => {
  rig = await startRig({ env: fileOf(PAIR) });
  const events = await rig.solve({ problem: "2 + 3 + 4?", sampling: { temperature: 1 } });
  expect(events.at(-1)!.solved!.plan!.calibrated).toBe(false);
});

test("of another policy it refuses a Solve, and says what to do", async () => {
  rig = await startRig({ env: fileOf({ ...PAIR, policy: { ...PAIR.policy, modelHash: "other" } }) });
  await expect(rig.solve({ problem: "2 + 3 + 4?" })).rejects.toMatchObject({
    code: "failed_precondition",
    details: { reason: "CALIBRATION_MISMATCH" },
    message: expect.stringMatching(/calibrate this pair, or start the verifier without VERIFIER_CALIBRATION/),
  });
});

test("of another PRM it ends the verifier before it listens, and the PRM is disposed", async () => {
  const prm = arithmeticPrm();
  const env = fileOf({ ...PAIR, verifier: { name: "prm", hash: "another" } });
  const config = toConfig({ VERIFIER_PORT: "0", VERIFIER_LOG_LEVEL: "silent", ...env });
  const starting = createService(config, { prm: { scorer: prm, selfCheck: ARITHMETIC_CHECK } });
  await expect(starting).rejects.toMatchObject({ details: { reason: "CALIBRATION_MISMATCH" } });
  expect(prm.isDisposed()).toBe(true);
});

/**
 * The shipped models do what their cards say, on test problems that no training and no card has seen. The bounds are
 * looser than the cards' intervals, for the sample is smaller.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "#generator/engine/types.js";
import { auc, mean } from "#shared/stats.js";
import { recordRollouts, type RecordedProblem } from "#train/evaluation/records.js";
import { openEngine, openReader } from "#train/open-models.js";
import { AUTHORS_DIR, POLICY_DIR, PRM_DIR } from "#train/paths.js";
import type { Reader } from "#train/prm/read-solution.js";
import { generateProblem } from "#train/problems/generate.js";
import { readPrmFiles } from "#verifier/score/prm/head-file.js";
import { type PrmHead, prmScore } from "#verifier/score/prm/head.js";
import { swiftForward } from "#verifier/score/swift/head.js";
import { readSwiftHead } from "#verifier/score/swift/head-file.js";
import { toProbe } from "#verifier/score/swift/probe.js";

const there =
  existsSync(join(POLICY_DIR, "model.safetensors")) && existsSync(join(PRM_DIR, "model.safetensors"));
const SEED = 31_337;
const signal = new AbortController().signal;
const sampling = { maxTokens: 120, seed: SEED, temperature: 0.8 };

const problems = (level: number, count: number) =>
  Array.from({ length: count }, (_, i) => generateProblem({ level }, "test", SEED, i));

describe.skipIf(!there)("the shipped models (skipped when models/ holds no checkpoints)", () => {
  let engine: Engine;
  let reader: Reader;
  let head: PrmHead;

  beforeAll(async () => {
    engine = await openEngine(POLICY_DIR, 2);
    reader = await openReader(PRM_DIR, 2);
    ({ head } = await readPrmFiles(PRM_DIR));
  });
  afterAll(async () => {
    await engine?.dispose();
    await reader?.model.dispose();
  });

  const greedy = async (level: number): Promise<number> => {
    const options = { ...sampling, count: 1, temperature: 0 };
    const records = await recordRollouts(engine, problems(level, 80), options, signal);
    return mean(records.map(({ solutions }) => Number(solutions[0]!.correct)));
  };

  test("the policy nearly always solves the easiest level and hardly ever the hardest", async () => {
    expect(await greedy(1)).toBeGreaterThan(0.8);
    expect(await greedy(6)).toBeLessThan(0.2);
  });

  test("the PRM tells right from wrong among the solutions of one problem", async () => {
    const options = { ...sampling, count: 8, reader };
    const records = await recordRollouts(
      engine,
      [3, 4].flatMap((level) => problems(level, 30)),
      options,
      signal,
    );
    const aucOf = ({ solutions }: RecordedProblem): number | undefined =>
      auc(
        solutions.map(({ read }) => prmScore(head, read.at(-1)!.features)),
        solutions.map(({ correct }) => correct),
      );
    const within = records.map(aucOf).filter((value) => value !== undefined);
    expect(within.length).toBeGreaterThan(20);
    expect(mean(within)).toBeGreaterThan(0.85);
  });
});

const AUTHORS_HEAD = join(AUTHORS_DIR, "swift.safetensors");

describe.skipIf(!existsSync(AUTHORS_HEAD))("the second policy (skipped when models/ holds none)", () => {
  test("its faithful SWIFT head tells right from wrong among the solutions of one problem", async () => {
    const head = await readSwiftHead(AUTHORS_HEAD);
    const second = await openEngine(AUTHORS_DIR, 2);
    try {
      expect(head.provenance.modelHash).toBe(second.info.modelHash);
      const records = await recordRollouts(
        second,
        [1, 2, 3, 4].flatMap((level) => problems(level, 25)),
        { ...sampling, count: 8, probes: [toProbe(head, second.info)] },
        signal,
      );
      const within = records
        .map(({ solutions }) =>
          auc(
            solutions.map(({ steps }) =>
              swiftForward(
                head,
                steps.flatMap((step) => [...step.probeOutputs]),
              ),
            ),
            solutions.map(({ correct }) => correct),
          ),
        )
        .filter((value) => value !== undefined);
      expect(within.length).toBeGreaterThan(50);
      expect(mean(within)).toBeGreaterThan(0.75);
    } finally {
      await second.dispose();
    }
  });
});

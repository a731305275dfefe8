/** The PRM in its real Worker on a tiny random checkpoint, against one pass over the whole text for every solution. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { createRng } from "#shared/rng.js";
import { readSolution } from "#train/prm/read-solution.js";
import { FEATURE_COUNT } from "#verifier/score/prm/features.js";
import { type PrmFiles, writePrmFiles } from "#verifier/score/prm/head-file.js";
import { prmScore } from "#verifier/score/prm/head.js";
import { type PrmScorer, startPrm } from "#verifier/score/prm/prm-host.js";
import { selfCheck, toStep } from "#verifier/score/prm/self-check.js";
import { createPrmTokenizer } from "#verifier/score/prm/tokenizer.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../../fakes/tiny-directory.js";

const PROBLEM = "7+5-3=?";
const signal = new AbortController().signal;
const rng = createRng(4);
const fill = (length: number): Float32Array => Float32Array.from({ length }, () => 0.5 * rng.normal());
const files: PrmFiles = {
  head: {
    mean: fill(FEATURE_COUNT),
    std: new Float32Array(FEATURE_COUNT).fill(5),
    hiddenWeight: fill(24 * FEATURE_COUNT),
    hiddenBias: fill(24),
    outputWeight: fill(24),
    outputBias: 0,
  },
  selfCheck: { problem: PROBLEM, good: ["7+5=12\n"], bad: ["7+5=12\n"] },
  training: "none",
};

let dir = "";
let cacheDir = "";
let prm: PrmScorer;
beforeAll(async () => {
  dir = await temporaryDirectory();
  cacheDir = join(dir, "cache");
  await writeTinyDirectory(dir, 2, 3);
  await writePrmFiles(dir, files);
  const limits = { maxBatchTokens: 24, maxKvBytes: 1 << 24, maxWaitingSteps: 100 };
  prm = await startPrm({ dir, precision: "fp32", threads: 1, cacheDir, limits }, () => undefined);
});
afterAll(() => prm?.dispose());

describe("PRM in its Worker", () => {
  test("scores of growing and forking paths equal those of the whole text read at once", async () => {
    const checkpoint = await loadCheckpoint(dir);
    const model = await createLanguageModel(checkpoint, { precision: "fp32", threads: 1, cacheDir });
    try {
      const solutions = [
        ["7+5=12\n", "12-3=9\n", "#9"],
        ["7+5=12\n", "12-3=8\n", "#8"],
        ["5-3=2\n", "7+2=9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"],
      ];
      const session = await prm.open(PROBLEM, signal);
      const ids = new Map<string, number>([["", 0]]);
      for (const depth of [0, 1, 2]) {
        const fresh = new Set(
          solutions
            .filter((steps) => steps.length > depth)
            .map((steps) => steps.slice(0, depth + 1).join("")),
        );
        const asked = [...fresh].map((text) => {
          const steps = solutions.find((each) => each.slice(0, depth + 1).join("") === text)!;
          ids.set(text, ids.size);
          return {
            steps,
            step: toStep(steps[depth]!, ids.get(text)!, ids.get(steps.slice(0, depth).join(""))!),
          };
        });
        const scores = await session.score(asked.map(({ step }) => step));
        for (const [index, { steps }] of asked.entries()) {
          const prompt = createPrmTokenizer(checkpoint).encodePrompt(PROBLEM);
          const read = await readSolution({ model, checkpoint }, prompt, steps);
          expect(scores[index]).toBeCloseTo(prmScore(files.head, read[depth]!.features), 4);
        }
      }
      const texts = [...ids.keys()].length - 1;
      expect(texts).toBe(7);
      session.close();
    } finally {
      await model.dispose();
    }
  });

  test("a head that cannot tell right from wrong fails the self-check", async () => {
    await expect(selfCheck(prm, files.selfCheck, signal)).rejects.toMatchObject({
      code: "failed_precondition",
      details: { reason: "PRM_SELF_CHECK_FAILED" },
    });
  });

  test("a path beyond the reader's context is refused with both numbers; others go on", async () => {
    const session = await prm.open(PROBLEM, signal);
    await expect(session.score([toStep("9".repeat(200), 1, 0)])).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/128 tokens, got 208/),
    });
    await expect(session.score([toStep("9\n", 2, 0)])).resolves.toHaveLength(1);
    session.close();
  });

  test("after dispose every call is unavailable", async () => {
    const session = await prm.open(PROBLEM, signal);
    await prm.dispose();
    await expect(session.score([toStep("9\n", 1, 0)])).rejects.toMatchObject({ code: "unavailable" });
    session.close();
  });
});

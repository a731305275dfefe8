/**
 * `npm run bench -- models`: everything the model cards claim, measured on test problems that no training saw. Writes
 * bench/results/models.json and prints the tables in Markdown.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accuracyRows, aucRows } from "#train/evaluation/tables.js";
import type { Problem } from "#train/problems/generate.js";
import type { GeneratorInfo } from "#generator/engine/types.js";
import { openEngine } from "#train/open-models.js";
import { POLICY_DIR, PRM_DIR, RESULTS_DIR } from "#train/paths.js";
import { createProgress } from "../progress.js";
import { backboneRow, type BackboneRow } from "./backbone.js";
import { toMarkdown } from "./markdown.js";
import type { ModelsReport } from "./report.js";
import { buildPool, greedyByLevel, testProblems } from "./pool.js";

export interface ModelsOptions {
  readonly perLevel: number;
  readonly seed: number;
  readonly threads: number;
}

const LEVELS = [1, 2, 3, 4, 5, 6];
const ROLLOUTS = 16;

export async function runModels(options: ModelsOptions, signal: AbortSignal): Promise<ModelsReport> {
  const { perLevel, seed, threads } = options;
  const problems = testProblems(LEVELS, perLevel, seed);
  const engine = await openEngine(POLICY_DIR, threads);
  try {
    const greedy = await greedyByLevel(engine, problems, signal);
    const recording = { count: ROLLOUTS, seed, threads };
    const pool = await buildPool(engine, problems, recording, createProgress("rollouts"), signal);
    const accuracy = [4, ROLLOUTS].flatMap((n) => accuracyRows(pool, n, seed));
    const backbone = await withBackbone(engine.info, problems, options, signal);
    const report: ModelsReport = {
      command: `npm run bench -- models --per-level ${perLevel} --seed ${seed}`,
      seed,
      levels: LEVELS,
      problemsPerLevel: perLevel,
      greedy,
      accuracy,
      auc: aucRows(pool, seed),
      backbone,
    };
    await mkdir(RESULTS_DIR, { recursive: true });
    await writeFile(join(RESULTS_DIR, "models.json"), `${JSON.stringify(report, undefined, 1)}\n`);
    await writeFile(join(RESULTS_DIR, "models.md"), toMarkdown(report));
    return report;
  } finally {
    await engine.dispose();
  }
}

async function withBackbone(
  policy: GeneratorInfo,
  problems: readonly Problem[],
  { seed, threads }: ModelsOptions,
  signal: AbortSignal,
): Promise<BackboneRow> {
  const backbone = await openEngine(PRM_DIR, threads);
  try {
    return await backboneRow(policy, backbone, problems, { rollouts: ROLLOUTS, seed }, signal);
  } finally {
    await backbone.dispose();
  }
}

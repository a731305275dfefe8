/**
 * The baseline that could embarrass a PRM: its own language model used as the policy, with a majority vote, for the
 * FLOPs that the policy and the PRM spend together.
 */
import type { Engine, GeneratorInfo } from "#generator/engine/types.js";
import { createRng } from "#shared/rng.js";
import { bootstrap, type Interval, mean } from "#shared/stats.js";
import type { Problem } from "#train/problems/generate.js";
import { majority } from "#train/evaluation/pool.js";
import { recordRollouts } from "#train/evaluation/records.js";
import { createProgress } from "../progress.js";
import { MAX_SOLUTION_TOKENS, TEMPERATURE } from "./pool.js";

export interface BackboneRow {
  /** Rollouts that cost as many FLOPs as the policy's rollouts and reading them: n (policy + PRM) / PRM. */
  readonly n: number;
  readonly passRate: Interval;
  readonly majority: Interval;
  readonly majorityByLevel: readonly number[];
}

export async function backboneRow(
  policy: GeneratorInfo,
  backbone: Engine,
  problems: readonly Problem[],
  { rollouts, seed }: { readonly rollouts: number; readonly seed: number },
  signal: AbortSignal,
): Promise<BackboneRow> {
  const ratio = (policy.parameterCount + backbone.info.parameterCount) / backbone.info.parameterCount;
  const count = Math.round(rollouts * ratio);
  const records = await recordRollouts(
    backbone,
    problems,
    {
      count,
      seed,
      maxTokens: MAX_SOLUTION_TOKENS,
      temperature: TEMPERATURE,
      onProgress: createProgress("PRM's backbone as policy"),
    },
    signal,
  );
  const hits = records.map(({ problem, solutions }) => {
    const ballots = solutions.map(({ finished, text, correct }) => ({
      answer: finished ? text.trimEnd().split("\n").at(-1) : undefined,
      correct,
    }));
    return {
      level: problem.level,
      pass: mean(solutions.map((each) => Number(each.correct))),
      majority: majority(ballots),
    };
  });
  const rng = createRng(seed, "backbone");
  const levels = [...new Set(hits.map((each) => each.level))];
  return {
    n: count,
    passRate: bootstrap(hits, (units) => mean(units.map((each) => each.pass)), rng),
    majority: bootstrap(hits, (units) => mean(units.map((each) => each.majority)), rng),
    majorityByLevel: levels.map((level) =>
      mean(hits.filter((each) => each.level === level).map((each) => each.majority)),
    ),
  };
}

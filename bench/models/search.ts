/** Search strategies through the whole product: both services as processes, Solve over gRPC, fresh test problems. */
import { runSolve } from "#cli/client/solve.js";
import type { SolveFlags } from "#cli/client/solve-request.js";
import type { VerifierClient } from "#cli/services/use.js";
import { createRng } from "#shared/rng.js";
import { bootstrap, type Interval, mean } from "#shared/stats.js";
import { answersAgree } from "#verifier/answer/canonical.js";
import type { Problem } from "#train/problems/generate.js";
import { mapConcurrently } from "#train/rollouts.js";
import type { Progress } from "../progress.js";
import { withShippedPair } from "../shipped-pair.js";

export interface SearchRow {
  readonly method: string;
  readonly byLevel: readonly number[];
  readonly overall: Interval;
  /** Paired difference to the first method, over problems. */
  readonly againstFirst: Interval;
  /** Means per problem. */
  readonly generatedTokens: number;
  readonly verifierTokens: number;
  readonly gflops: number;
  readonly wallMs: number;
}

export interface SearchMethod {
  readonly name: string;
  readonly flags: SolveFlags;
}

interface Outcome {
  readonly level: number;
  readonly hit: number;
  readonly tokens: number;
  readonly verifierTokens: number;
  readonly flops: number;
  readonly wallMs: number;
}

/** Searches under way at once: they share decode batches and scoring rounds, as in production. */
const WIDTH = 4;
const RESAMPLES = 1000;

export async function searchRows(
  methods: readonly SearchMethod[],
  problems: readonly Problem[],
  seed: number,
  progressOf: (label: string) => Progress,
  signal: AbortSignal,
): Promise<SearchRow[]> {
  return withShippedPair(signal, async (verifier) => {
    const outcomes: Outcome[][] = [];
    for (const { name, flags } of methods) {
      const progress = progressOf(name);
      let done = 0;
      outcomes.push(
        await mapConcurrently(problems, WIDTH, async (problem, index) => {
          const outcome = await solveOne(verifier, problem, { ...flags, seed: seed + index }, signal);
          progress(++done, problems.length);
          return outcome;
        }),
      );
    }
    return methods.map(({ name }, i) => toRow(name, outcomes[i]!, outcomes[0]!, seed));
  });
}

async function solveOne(
  verifier: VerifierClient,
  problem: Problem,
  flags: SolveFlags,
  signal: AbortSignal,
): Promise<Outcome> {
  const { answer, usage } = await runSolve(verifier, problem.problem, flags, signal, () => {});
  return {
    level: problem.level,
    hit: Number(answer !== "" && answersAgree(answer, problem.answer)),
    tokens: usage.generated_tokens,
    verifierTokens: usage.verifier_tokens,
    flops: usage.flops,
    wallMs: usage.wall_ms,
  };
}

function toRow(
  method: string,
  outcomes: readonly Outcome[],
  base: readonly Outcome[],
  seed: number,
): SearchRow {
  const levels = [...new Set(outcomes.map((each) => each.level))];
  const pairs = outcomes.map((each, i) => ({ hit: each.hit, difference: each.hit - base[i]!.hit }));
  const rng = createRng(seed, "bootstrap", method);
  return {
    method,
    byLevel: levels.map((level) =>
      mean(outcomes.filter((each) => each.level === level).map((each) => each.hit)),
    ),
    overall: bootstrap(pairs, (units) => mean(units.map((each) => each.hit)), rng, RESAMPLES),
    againstFirst: bootstrap(pairs, (units) => mean(units.map((each) => each.difference)), rng, RESAMPLES),
    generatedTokens: mean(outcomes.map((each) => each.tokens)),
    verifierTokens: mean(outcomes.map((each) => each.verifierTokens)),
    gflops: mean(outcomes.map((each) => each.flops)) / 1e9,
    wallMs: mean(outcomes.map((each) => each.wallMs)),
  };
}

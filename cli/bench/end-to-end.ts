/**
 * Best-of-N through both services, scored by one reward model and then by another: the same seeds, so the same
 * candidates, problem by problem. What is left to differ is who scores them, how long that takes, and what is picked.
 */
import { createRng } from "#shared/rng.js";
import { bootstrap, mean } from "#shared/stats.js";
import type { EndToEnd, EndToEndRow } from "#train/evaluation/swift/end-to-end.js";
import { answersAgree } from "#verifier/answer/canonical.js";
import { runSolve } from "../client/solve.js";
import type { SolvedEvent } from "../events.js";
import type { VerifierClient } from "../services/use.js";

export interface EndToEndProblem {
  readonly problem: string;
  readonly answer: string;
}

export interface EndToEndOptions {
  readonly verifiers: readonly string[];
  readonly candidates: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly onProgress: (done: number, total: number) => void;
}

interface Outcome {
  readonly hit: number;
  readonly solved: SolvedEvent;
}

/** One search at a time, so that nobody waits for another's; the verifiers take turns in going first. */
export async function endToEnd(
  client: VerifierClient,
  problems: readonly EndToEndProblem[],
  options: EndToEndOptions,
  signal: AbortSignal,
): Promise<EndToEnd> {
  const { verifiers, candidates, temperature, maxTokens, seed, onProgress } = options;
  const outcomes: Map<string, Outcome>[] = [];
  const solveWith = async ({ problem, answer }: EndToEndProblem, verifier: string, index: number) => {
    const flags = { strategy: "bon", n: candidates, verifier, maxTokens, temperature, seed: seed + index };
    const solved = await runSolve(client, problem, flags, signal, () => {});
    return { solved, hit: Number(solved.answer !== "" && answersAgree(solved.answer, answer)) };
  };
  // The first search pays for what is loaded on demand.
  for (const verifier of verifiers) await solveWith(problems[0]!, verifier, 0);
  for (const [index, problem] of problems.entries()) {
    const turn = index % verifiers.length;
    const order = [...verifiers.slice(turn), ...verifiers.slice(0, turn)];
    const byVerifier = new Map<string, Outcome>();
    for (const verifier of order) byVerifier.set(verifier, await solveWith(problem, verifier, index));
    outcomes.push(byVerifier);
    onProgress(index + 1, problems.length);
  }
  return {
    problems: problems.length,
    candidates,
    temperature,
    sameCandidates: outcomes.filter(sawTheSame).length,
    rows: verifiers.map((verifier) => toRow(verifier, verifiers[0]!, outcomes, seed)),
  };
}

function sawTheSame(byVerifier: ReadonlyMap<string, Outcome>): boolean {
  const texts = [...byVerifier.values()].map(({ solved }) =>
    JSON.stringify(solved.candidates.map(({ text }) => text).toSorted()),
  );
  return new Set(texts).size === 1;
}

function toRow(
  verifier: string,
  first: string,
  outcomes: readonly ReadonlyMap<string, Outcome>[],
  seed: number,
): EndToEndRow {
  const pairs = outcomes.map((byVerifier) => ({
    own: byVerifier.get(verifier)!,
    base: byVerifier.get(first)!,
  }));
  const rng = createRng(seed, "end to end", verifier);
  const times = pairs.map(({ own }) => own.solved.usage.wall_ms).toSorted((a, b) => a - b);
  const at = (quantile: number): number =>
    times[Math.min(times.length - 1, Math.floor(quantile * times.length))]!;
  return {
    verifier,
    accuracy: bootstrap(pairs, (units) => mean(units.map(({ own }) => own.hit)), rng),
    againstFirst: bootstrap(pairs, (units) => mean(units.map(({ own, base }) => own.hit - base.hit)), rng),
    wallMs: { median: at(0.5), p95: at(0.95) },
    speedup: bootstrap(
      pairs,
      (units) =>
        mean(units.map(({ base }) => base.solved.usage.wall_ms)) /
        mean(units.map(({ own }) => own.solved.usage.wall_ms)),
      rng,
    ),
    verifierTokens: mean(pairs.map(({ own }) => own.solved.usage.verifier_tokens)),
    gflops: mean(pairs.map(({ own }) => own.solved.usage.flops)) / 1e9,
  };
}

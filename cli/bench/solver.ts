/** Arms through the VerifierService: one Solve each, as a record. */
import type { ArmSpec } from "#train/strategies/arm.js";
import type { Solver } from "#train/strategies/measure.js";
import type { CandidateRecord, SolveRecord, Spent } from "#train/strategies/solve-record.js";
import { answersAgree } from "#verifier/answer/canonical.js";
import { runSolve } from "../client/solve.js";
import type { SolveFlags } from "../client/solve-request.js";
import type { CandidateShape, SolvedEvent, UsageShape } from "../events.js";
import type { SamplingFlags } from "../options/sampling.js";
import type { VerifierClient } from "../services/use.js";

/** The same for all arms. */
export interface SearchSettings extends SamplingFlags {
  readonly verifier: string;
  readonly temperature: number;
  readonly maxTokens?: number;
}

export function createSolver(client: VerifierClient, settings: SearchSettings, signal: AbortSignal): Solver {
  return {
    async solve(problem, arm, seed) {
      const parents = new Map<number, number>();
      const flags = { ...settings, ...searchOf(arm, seed) };
      const solved = await runSolve(client, problem.problem, flags, signal, (event) => {
        if (event.event === "node_added") parents.set(event.node_id, event.parent_id);
      });
      const { id, level = null, answer } = problem;
      return { id, level, arm: arm.name, seed, ...toRecord(solved, parents, answer) };
    },
  };
}

function searchOf({ strategy, name, n, beamWidth, rejectBelow, tokens }: ArmSpec, seed: number): SolveFlags {
  return {
    strategy: strategy === "backbone" ? "majority" : strategy,
    ...(strategy === "greedy" && { temperature: 0 }),
    ...(n !== undefined && { n }),
    ...(beamWidth !== undefined && { beamWidth }),
    ...(rejectBelow !== undefined && { rejectBelow }),
    ...(tokens !== undefined && { tokens }),
    seed,
    // Each solve pays for its prompt: one that came later would find it in the generator's cache.
    cacheSalt: `${name}/${seed}`,
  };
}

function toRecord(
  solved: SolvedEvent,
  parents: ReadonlyMap<number, number>,
  expected: string,
): Omit<SolveRecord, "id" | "level" | "arm" | "seed"> {
  const { answer, confidence, plan, candidates, usage, stop_reason: stopReason } = solved;
  return {
    answer,
    correct: isRight(answer, expected),
    confidence,
    estimatedPassRate: plan.estimated_pass_rate,
    stopReason,
    strategy: plan.strategy,
    row: plan.row,
    spent: toSpent(usage),
    candidates: inOrder(candidates, parents).map((candidate) => toCandidate(candidate, expected)),
  };
}

const isRight = (answer: string, expected: string): boolean =>
  answer !== "" && answersAgree(answer, expected);

/**
 * By their first steps, whose ids were given when they were asked for; those of later steps tell only who was faster.
 */
export function inOrder<T extends Pick<CandidateShape, "node_id">>(
  candidates: readonly T[],
  parents: ReadonlyMap<number, number>,
): T[] {
  const firstOf = (node: number): number => {
    const parent = parents.get(node) ?? 0;
    return parent === 0 ? node : firstOf(parent);
  };
  return candidates.toSorted((a, b) => firstOf(a.node_id) - firstOf(b.node_id) || a.node_id - b.node_id);
}

function toCandidate(candidate: CandidateShape, expected: string): CandidateRecord {
  return {
    answer: candidate.answer,
    correct: isRight(candidate.answer, expected),
    score: candidate.score,
    meanLogProb: candidate.mean_log_prob,
    meanEntropy: candidate.mean_entropy,
    tokens: candidate.token_count,
    subtree: candidate.subtree,
  };
}

function toSpent(usage: UsageShape): Spent {
  return {
    promptTokens: usage.prompt_tokens,
    generatedTokens: usage.generated_tokens,
    keptTokens: usage.kept_tokens,
    prunedTokens: usage.pruned_tokens,
    cancelledTokens: usage.cancelled_tokens,
    verifierTokens: usage.verifier_tokens,
    flops: usage.flops,
    wallMs: usage.wall_ms,
  };
}

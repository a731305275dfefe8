/** A PRM on recorded test solutions: the score of each one's last step, as search takes it. */
import { type PrmScorer, startPrm } from "#verifier/score/prm/prm-host.js";
import { CACHE_DIR } from "#train/open-models.js";
import type { RolloutProblem } from "#train/swift/rollout-records.js";
import type { ScoreTable } from "./candidates.js";

const LIMITS = { maxBatchTokens: 512, maxKvBytes: 2 ** 29, maxWaitingSteps: 16_384 };

export async function openPrm(dir: string, threads: number): Promise<PrmScorer> {
  return startPrm({ dir, precision: "auto", threads, cacheDir: CACHE_DIR, limits: LIMITS }, () => {});
}

/** NaN for a solution that did not finish or has no words. */
export async function prmTable(
  prm: PrmScorer,
  problems: readonly { readonly problem: string }[],
  records: readonly RolloutProblem[],
  delimiter: string,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<ScoreTable> {
  const table: number[][] = [];
  for (const [index, { solutions }] of records.entries()) {
    const steps = solutions.map(({ finished, text }) => (finished ? splitSteps(text, delimiter) : []));
    table.push(await lastScores(prm, problems[index]!.problem, steps, signal));
    onProgress(index + 1, records.length);
  }
  return table;
}

/** A text as the generator cuts it: each step ends with the delimiter; what is only white space is no step. */
export function splitSteps(text: string, delimiter: string): string[] {
  const pieces = text.split(delimiter);
  return pieces
    .map((piece, i) => (i < pieces.length - 1 ? piece + delimiter : piece))
    .filter((piece) => piece.trim() !== "");
}

/** The score of each solution's last step, NaN of one without steps; all steps of a problem's solutions in one call. */
export async function lastScores(
  prm: PrmScorer,
  problem: string,
  solutions: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<number[]> {
  const session = await prm.open(problem, signal);
  let nodeId = 0;
  const lastNode = solutions.map(() => -1);
  const samples = solutions.flatMap((steps, solution) =>
    steps.map((text, i) => {
      const parentId = i === 0 ? 0 : nodeId;
      lastNode[solution] = ++nodeId;
      return {
        nodeId,
        parentId,
        text,
        tokenIds: [],
        finishReason: "step" as const,
        logProbs: [],
        entropies: [],
        probeOutputs: new Float32Array(0),
      };
    }),
  );
  try {
    const scores = samples.length === 0 ? [] : await session.score(samples);
    return lastNode.map((node) => (node < 0 ? Number.NaN : scores[node - 1]!));
  } finally {
    session.close();
  }
}

import type { NodeId, ScorerSession, StepSample, StepScore, StepScorer } from "#verifier/ports.js";

export interface ToyScorer extends StepScorer {
  /** Steps of every call. */
  readonly calls: (readonly StepSample[])[];
  readonly pruned: NodeId[];
  sessionsOpen: number;
}

export interface ToyScorerOptions {
  readonly name?: StepScorer["name"];
  /** What two reward models say of a step, for the names `rank` and `scaled`. */
  readonly pair?: (text: string) => Required<Pick<StepScore, "swift" | "prm">>;
  readonly sampling?: StepScorer["sampling"];
  readonly problemTokens?: number;
  /** Awaited before a call answers. */
  readonly delay?: (steps: readonly StepSample[]) => Promise<unknown>;
}

/**
 * Scores a step by its own text. Checks what every ScorerSession may count on: a step's parent was scored in an earlier
 * call, no step comes twice.
 */
export function toyScorer(
  score: (text: string, step: StepSample) => number,
  options: ToyScorerOptions = {},
): ToyScorer {
  const scorer: ToyScorer = {
    name: options.name ?? "prm",
    probes: [],
    ...(options.sampling !== undefined && { sampling: options.sampling }),
    calls: [],
    pruned: [],
    sessionsOpen: 0,
    open: async (_problem, signal) => {
      signal.throwIfAborted();
      scorer.sessionsOpen++;
      return openSession(scorer, score, options);
    },
  };
  return scorer;
}

function openSession(
  scorer: ToyScorer,
  score: (text: string, step: StepSample) => number,
  options: ToyScorerOptions,
): ScorerSession {
  const known = new Set<NodeId>([0]);
  let verifierTokens = 0;
  let isOpen = true;
  const begin = async (): Promise<void> => {
    if (verifierTokens === 0) verifierTokens = options.problemTokens ?? 0;
  };
  return {
    begin,
    score: async (steps) => {
      if (!isOpen) throw new Error("score after close");
      scorer.calls.push(steps);
      await begin();
      for (const step of steps) {
        if (!known.has(step.parentId))
          throw new Error(`step ${step.nodeId} came before its parent ${step.parentId}`);
        if (known.has(step.nodeId)) throw new Error(`step ${step.nodeId} came twice`);
      }
      verifierTokens += steps.reduce((sum, step) => sum + step.tokenIds.length, 0);
      await (options.delay?.(steps) ?? Promise.resolve());
      for (const step of steps) known.add(step.nodeId);
      return steps.map((step) => ({ score: score(step.text, step), ...options.pair?.(step.text) }));
    },
    prune: (nodeIds) => void scorer.pruned.push(...nodeIds),
    usage: () => ({ verifierTokens, flops: 1e9 * verifierTokens }),
    close: () => {
      if (isOpen) scorer.sessionsOpen--;
      isOpen = false;
    },
  };
}

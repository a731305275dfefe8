/** A PRM that checks equations: `a + b = c` scores 0.9 when it is right and 0.1 when it is wrong; a path keeps its lowest. */
import { ServiceError } from "#shared/errors.js";
import type { LanguageModelInfo } from "#shared/lm/types.js";
import type { NodeId, StepSample } from "#verifier/ports.js";
import type { SelfCheck } from "#verifier/score/prm/head-file.js";
import type { PrmScorer } from "#verifier/score/prm/prm-host.js";

export const ARITHMETIC_CHECK: SelfCheck = { problem: "1 + 1?", good: ["1 + 1 = 2\n"], bad: ["1 + 1 = 3\n"] };

const info: LanguageModelInfo = {
  name: "arithmetic-prm",
  architecture: "llama",
  hash: "cd".repeat(32),
  precision: "fp32",
  parameterCount: 500,
  vocabularySize: 10,
  contextLength: 128,
  hiddenSize: 2,
  hiddenStateCount: 2,
  kvBytesPerToken: 8,
  weightBytes: 2000,
  prefillChunkTokens: 128,
  flopsPerToken: 1000,
};

export interface ArithmeticPrm extends PrmScorer {
  /** Sessions that are open. */
  sessions(): number;
  isDisposed(): boolean;
}

function believe(text: string): number {
  const match = /(-?\d+) \+ (-?\d+) = (-?\d+)/.exec(text);
  if (match === null) return 0.9;
  return Number(match[1]) + Number(match[2]) === Number(match[3]) ? 0.9 : 0.1;
}

export function arithmeticPrm(): ArithmeticPrm {
  let sessions = 0;
  let disposed = false;
  return {
    name: "prm",
    probes: [],
    info,
    sessions: () => sessions,
    isDisposed: () => disposed,
    stats: () => ({ sessions, waitingSteps: 0, usedKvBytes: 0 }),
    async open(problem) {
      const scores = new Map<NodeId, number>([[0, 1]]);
      let verifierTokens = problem.length;
      let isOpen = true;
      sessions += 1;
      const score = (step: StepSample): number => {
        const parent = scores.get(step.parentId);
        if (parent === undefined) throw new ServiceError("not_found", `path ${step.parentId} must be scored`);
        const own = Math.min(parent, believe(step.text));
        scores.set(step.nodeId, own);
        verifierTokens += step.text.length;
        return own;
      };
      return {
        promptTokens: problem.length,
        score: async (steps) => steps.map(score),
        prune: (ids) => ids.forEach((id) => scores.delete(id)),
        usage: () => ({ verifierTokens, flops: 1000 * verifierTokens }),
        close() {
          if (isOpen) sessions -= 1;
          isOpen = false;
        },
      };
    },
    dispose: async () => void (disposed = true),
  };
}

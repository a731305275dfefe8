/** The PRM as a search sees it. */
import type { StepScorer } from "../../ports.js";
import type { PrmScorer } from "./prm-host.js";

export function prmStepScorer(prm: PrmScorer): StepScorer {
  return {
    name: prm.name,
    hash: prm.info.hash,
    flopsPerToken: prm.info.flopsPerToken,
    probes: prm.probes,
    async open(problem, signal) {
      const session = await prm.open(problem, signal);
      return {
        score: async (steps) => (await session.score(steps)).map((score) => ({ score, prm: score })),
        prune: (nodeIds) => session.prune(nodeIds),
        usage: () => session.usage(),
        close: () => session.close(),
      };
    },
  };
}

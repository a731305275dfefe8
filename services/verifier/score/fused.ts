/**
 * SWIFT and the PRM together. Both score every step; how two scores become an order depends on whom a path is compared
 * with, so that is done where groups are known (`search/fusion.ts`). Here a path gets both, and their mean as a belief.
 */
import type { NodeId, ScorerSession, StepSample, StepScorer } from "../ports.js";

export function createFusedScorer(
  name: "rank" | "scaled",
  { swift, prm }: { readonly swift: StepScorer; readonly prm: StepScorer },
): StepScorer {
  return {
    name,
    probes: swift.probes,
    readsBareEnds: true,
    ...(swift.sampling !== undefined && { sampling: swift.sampling }),
    ...(prm.flopsPerToken !== undefined && { flopsPerToken: prm.flopsPerToken }),
    async open(problem, signal) {
      const prmSession = await prm.open(problem, signal);
      try {
        return joined(await swift.open(problem, signal), prmSession);
      } catch (error) {
        prmSession.close();
        throw error;
      }
    },
  };
}

function joined(swift: ScorerSession, prm: ScorerSession): ScorerSession {
  const scores = new Map<NodeId, number>();
  return {
    needsHiddenStates: swift.needsHiddenStates === true,
    async begin() {
      await Promise.all([swift.begin?.(), prm.begin?.()]);
    },
    async score(steps) {
      // What the PRM thinks of a closing token without words is what it thought before.
      const worded = steps.filter((step) => step.text.trim() !== "" || !hasEnded(step));
      const [rewards, read] = await Promise.all([
        swift.score(steps),
        worded.length === 0 ? [] : prm.score(worded),
      ]);
      for (const [i, { nodeId }] of worded.entries()) scores.set(nodeId, read[i]!.score);
      return steps.map(({ nodeId, parentId }, i) => {
        const reward = rewards[i]!;
        const own = scores.get(nodeId);
        const belief = own ?? scores.get(parentId) ?? reward.score;
        return { ...reward, score: (reward.score + belief) / 2, ...(own !== undefined && { prm: own }) };
      });
    },
    prune(nodeIds) {
      swift.prune(nodeIds);
      prm.prune(nodeIds);
    },
    usage() {
      const [ours, theirs] = [swift.usage(), prm.usage()];
      return {
        verifierTokens: ours.verifierTokens + theirs.verifierTokens,
        flops: ours.flops + theirs.flops,
      };
    },
    audit: () => swift.audit?.(),
    close() {
      swift.close();
      prm.close();
    },
  };
}

function hasEnded({ finishReason }: StepSample): boolean {
  return finishReason === "eos" || finishReason === "stop";
}

/** A policy's facts and steps for SWIFT, computed from hidden states that the test knows. */
import type { PolicyInfo, StepSample } from "#verifier/ports.js";
import type { SwiftHead } from "#verifier/score/swift/head-file.js";

export const SWIFT_POLICY: PolicyInfo = {
  model: "tiny",
  modelHash: "ab".repeat(32),
  parameterCount: 10,
  flopsPerToken: 20,
  precision: "fp32",
  chatTemplateHash: "",
  vocabularySize: 5,
  contextLength: 64,
  stepDelimiter: ";",
  hiddenSize: 2,
  hiddenStateCount: 3,
  defaultSampling: {},
};

/** `step` with hidden states drawn from `next`, and the head's products with them as the generator would send them. */
export function withStates(step: StepSample, head: SwiftHead, next: () => number): StepSample {
  const { hiddenSize, hiddenStateCount } = SWIFT_POLICY;
  const width = hiddenSize * hiddenStateCount;
  const hiddenStates = Float32Array.from({ length: width * step.tokenIds.length }, () => 2 * next() - 1);
  const layers = head.input.kind === "hidden" ? head.input.layers : [];
  const rows = head.gate === undefined ? [head.reward] : [head.gate, head.reward];
  const probeOutputs = step.tokenIds.flatMap((_, token) =>
    rows.map(({ weights }) => {
      const read = layers.flatMap((layer) => {
        const start = token * width + layer * hiddenSize;
        return [...hiddenStates.subarray(start, start + hiddenSize)];
      });
      return read.reduce((sum, state, i) => sum + state * weights[i]!, 0);
    }),
  );
  return { ...step, hiddenStates, probeOutputs: Float32Array.from(probeOutputs) };
}

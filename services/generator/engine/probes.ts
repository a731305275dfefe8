/** The probes of a session as few matrices, so that a token needs few products whatever their number. */
import { ServiceError, invalidField } from "#shared/errors.js";
import type { LanguageModelInfo, LinearProbe, ProbeInput } from "#shared/lm/types.js";
import type { Probe } from "./types.js";

/**
 * Stacks probes in their order, [sum of outputs, width], those of one input that follow each other in one. Throws
 * failed_precondition for a probe made for another model and invalid_argument for one of another width.
 */
export function stackProbes(probes: readonly Probe[], model: LanguageModelInfo): LinearProbe[] {
  const stacks: [Probe, ...Probe[]][] = [];
  for (const [index, probe] of probes.entries()) {
    assertFits(probe, index, model);
    const last = stacks.at(-1);
    if (last?.[0].input === probe.input) last.push(probe);
    else stacks.push([probe]);
  }
  return stacks.map(stack);
}

function stack(probes: readonly [Probe, ...Probe[]]): LinearProbe {
  const [outputs, size] = probes.reduce(
    ([rows, numbers], { shape, weights }) => [rows + shape[0], numbers + weights.length],
    [0, 0],
  );
  const weights = new Float32Array(size);
  let end = 0;
  for (const probe of probes) {
    weights.set(probe.weights, end);
    end += probe.weights.length;
  }
  return { input: probes[0].input, weights, outputs };
}

const INPUTS: Readonly<Record<ProbeInput, string>> = {
  hidden: "hidden states times hidden size",
  hidden_final_norm: "hidden states times hidden size",
  logits: "the vocabulary",
};

function assertFits(probe: Probe, index: number, model: LanguageModelInfo): void {
  const { hash: modelHash, hiddenStateCount, hiddenSize, vocabularySize } = model;
  const width = probe.input === "logits" ? vocabularySize : hiddenStateCount * hiddenSize;
  if (probe.modelHash !== modelHash)
    throw new ServiceError(
      "failed_precondition",
      `probe "${probe.name}" must be made for the served model ${modelHash}, got ${probe.modelHash}; train it for this model`,
      { reason: "PROBE_MODEL_MISMATCH", metadata: { model_hash: modelHash } },
    );
  const [outputs, got] = probe.shape;
  if (got !== width || outputs < 1 || probe.weights.length !== outputs * width)
    throw invalidField(
      `open.probes[${index}].weights`,
      `must have the shape [outputs, ${width}] (${INPUTS[probe.input]}), got [${probe.shape.join(", ")}] with ${probe.weights.length} numbers`,
    );
}

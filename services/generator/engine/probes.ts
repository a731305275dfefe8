/** The probes of a session as one matrix, so that a token needs one product whatever their number. */
import { ServiceError, invalidField } from "#shared/errors.js";
import type { LanguageModelInfo, Wanted } from "#shared/lm/types.js";
import type { Probe } from "./types.js";

export type StackedProbe = NonNullable<Wanted["probe"]>;

/**
 * Stacks probes in their order, [sum of outputs, width]; undefined for none. Throws failed_precondition for a probe made
 * for another model and invalid_argument for one of another width.
 */
export function stackProbes(probes: readonly Probe[], model: LanguageModelInfo): StackedProbe | undefined {
  if (probes.length === 0) return undefined;
  const width = model.hiddenStateCount * model.hiddenSize;
  probes.forEach((probe, index) => assertFits(probe, index, width, model.hash));
  const outputs = probes.reduce((sum, probe) => sum + probe.shape[0], 0);
  const weights = new Float32Array(outputs * width);
  let row = 0;
  for (const probe of probes) {
    weights.set(probe.weights, row * width);
    row += probe.shape[0];
  }
  return { weights, outputs };
}

function assertFits(probe: Probe, index: number, width: number, modelHash: string): void {
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
      `must have the shape [outputs, ${width}] (hidden states times hidden size), got [${probe.shape.join(", ")}] with ${probe.weights.length} numbers`,
    );
}

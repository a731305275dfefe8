/** A head's rows as the policy evaluates them: over all hidden states, or over all logits. */
import type { PolicyInfo, Probe } from "../../ports.js";
import type { SwiftHead } from "./head-file.js";

/** The head must fit the policy (`assertHeadFits`). States that it does not read get zeros. */
export function toProbe(
  head: Pick<SwiftHead, "input" | "gate" | "reward">,
  {
    modelHash,
    hiddenSize,
    hiddenStateCount,
  }: Pick<PolicyInfo, "modelHash" | "hiddenSize" | "hiddenStateCount">,
): Probe {
  const { input, gate, reward } = head;
  const rows = gate === undefined ? [reward] : [gate, reward];
  if (input.kind === "logits") {
    const width = reward.weights.length;
    const weights = new Float32Array(rows.length * width);
    for (const [output, row] of rows.entries()) weights.set(row.weights, output * width);
    return { name: "swift", modelHash, input: "logits", weights, shape: [rows.length, width] };
  }
  const width = hiddenSize * hiddenStateCount;
  const weights = new Float32Array(rows.length * width);
  for (const [output, row] of rows.entries())
    for (const [index, layer] of input.layers.entries()) {
      const part = row.weights.subarray(index * hiddenSize, (index + 1) * hiddenSize);
      weights.set(part, output * width + layer * hiddenSize);
    }
  const kind = input.finalNorm ? "hidden_final_norm" : "hidden";
  return { name: "swift", modelHash, input: kind, weights, shape: [rows.length, width] };
}

/** A SWIFT head by hand: hidden states as they are, every sampled token, no scalars, unless told otherwise. */
import type { SwiftHead, SwiftProvenance } from "#verifier/score/swift/head-file.js";
import type { SwiftRow } from "#verifier/score/swift/head.js";

export const swiftRow = (weights: ArrayLike<number>, bias: number, scalars: number[] = []): SwiftRow => ({
  weights: Float32Array.from(weights),
  scalars: Float32Array.from(scalars),
  bias,
});

/** `policy`: whose head it is; a hash alone is that of a policy without a chat template. */
export function swiftHead(
  policy: string | Pick<SwiftProvenance, "modelHash" | "chatTemplateHash">,
  layers: readonly number[],
  rows: Pick<SwiftHead, "gate" | "reward">,
  changes: Partial<SwiftHead> = {},
): SwiftHead {
  return {
    name: "head",
    input: { kind: "hidden", layers, finalNorm: false },
    span: "response",
    ...rows,
    provenance: {
      ...(typeof policy === "string" ? { modelHash: policy, chatTemplateHash: "" } : policy),
      precision: "fp32",
      adapter: "",
      sampling: { temperature: 0.8, topP: 1, minP: 0, repetitionPenalty: 1 },
    },
    training: "by hand",
    ...changes,
  };
}

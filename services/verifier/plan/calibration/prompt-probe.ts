/** A calibration's prompt probe, as the policy evaluates it: free, since the prompt runs in any case. */
import type { PolicyInfo, PolicySession, Probe } from "../../ports.js";
import type { PromptProbe } from "./calibration.js";

export function toProbe({ weights }: PromptProbe, { modelHash }: PolicyInfo): Probe {
  return { name: "difficulty", input: "hidden", modelHash, weights, shape: [1, weights.length] };
}

/** The estimate of pass@1, not clipped; nothing where the policy was not asked. */
export function promptScoreOf(
  probe: PromptProbe | undefined,
  { promptOutputs }: PolicySession,
): { readonly promptScore?: number } {
  const [output] = promptOutputs;
  return probe === undefined || output === undefined ? {} : { promptScore: output + probe.intercept };
}
